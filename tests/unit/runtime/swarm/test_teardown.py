"""A stop in Swarm: what Swarm refuses to remove is told, and not taken for removed."""

from __future__ import annotations

from typing import Any, cast

import pytest
from docker.errors import APIError, NotFound

from upready.runtime.interface import Kept
from upready.runtime.swarm import presence
from upready.runtime.swarm.engine import SwarmEngine
from upready.runtime.swarm.teardown import Teardown
from upready.support.errors import EngineError


class Client:
    """The SDK's client of a manager of one node, which refuses some things."""

    api: Any

    def __init__(self, **refused: Exception) -> None:
        self.api, self.refused, self.gone = self, refused, list[str]()

    def _remove(self, what: str, identifier: str) -> None:
        if what in self.refused:
            raise self.refused[what]
        self.gone.append(identifier)

    def services(self, **_: object) -> list[dict[str, Any]]:
        uses = {"TaskTemplate": {"ContainerSpec": {"Secrets": [{"SecretID": "key"}]}}}
        return [
            {"Spec": {"Name": "other_web", **uses}},
            {"Spec": {"Name": "more", "TaskTemplate": {"ContainerSpec": {}}}},
        ]

    def secrets(self, filters: object) -> list[dict[str, Any]]:
        return [{"ID": "key", "Spec": {"Name": "shop_key"}}]

    def configs(self, filters: object) -> list[dict[str, Any]]:
        return [{"ID": "file", "Spec": {"Name": "shop_file"}}]

    def networks(self, filters: object) -> list[dict[str, Any]]:
        return []

    def nodes(self) -> list[dict[str, Any]]:
        return []

    def containers(self, **_: object) -> list[object]:
        return []

    def remove_service(self, name: str) -> None:
        self._remove("service", name)

    def remove_secret(self, identifier: str) -> None:
        self._remove("secret", identifier)

    def remove_config(self, identifier: str) -> None:
        self._remove("config", identifier)


def stopping(client: Client, monkeypatch: pytest.MonkeyPatch) -> Teardown:
    monkeypatch.setattr(presence, "services", lambda *_: [{"Spec": {"Name": "shop_web"}}])
    swarm = SwarmEngine(cast("Any", client), None, "n1")
    return Teardown(swarm, "shop", data=False, tell=lambda _: None)


def test_a_service_that_swarm_does_not_remove_ends_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(service=APIError("The swarm does not have a leader"))
    with pytest.raises(EngineError, match="no leader"):
        stopping(client, monkeypatch).run()
    assert client.gone == []


def test_what_is_gone_already_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(service=NotFound("no such service"), secret=NotFound("no such secret"))
    done = stopping(client, monkeypatch).run()
    assert (done.containers, done.kept, client.gone) == (["shop_web"], [], ["file"])


def test_a_secret_that_others_use_stays_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(secret=APIError("secret is in use"))
    assert stopping(client, monkeypatch).run().kept == [Kept("secret", "shop_key", ("other_web",))]
