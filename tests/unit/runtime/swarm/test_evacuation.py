"""A drain that does not come to its end: all is as it was, as far as it is there."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError, NotFound

from upready.runtime.swarm import evacuation
from upready.runtime.swarm.nodes import Node
from upready.support.errors import EngineError, UnhealthyError

NODE = Node("n1", "alpha")


class Api:
    """A manager of some services, of which one is gone, and one cannot be changed."""

    def __init__(self) -> None:
        self.changed: list[str] = []

    def inspect_service(self, identifier: str) -> dict[str, Any]:
        if identifier == "gone":
            raise NotFound("404 Client Error", explanation="service gone not found")
        return {"ID": identifier, "Spec": {"Name": identifier}, "Version": {"Index": 7}}

    def _url(self, path: str, *given: str) -> str:
        return path.format(*given)

    def _post_json(self, url: str, **_: object) -> str:
        return url

    def _raise_for_status(self, url: str) -> None:
        if url == "/services/stuck/update":
            raise APIError("500 Server Error", explanation="it cannot be changed")
        self.changed.append(url)

    def inspect_node(self, identifier: str) -> dict[str, Any]:
        return {"ID": identifier, "Spec": {"Availability": "pause"}, "Version": {"Index": 3}}

    def update_node(self, identifier: str, version: int, wanted: dict[str, Any]) -> None:
        self.changed.append(f"{identifier} is {wanted['Availability']}")


def service(name: str) -> dict[str, Any]:
    return {"ID": name, "Spec": {"Name": name}}


def test_what_cannot_be_put_back_leaves_nothing_else_behind() -> None:
    api, moved = Api(), [service(name) for name in ("gone", "stuck", "web")]
    with pytest.raises(UnhealthyError), evacuation._returning(api, NODE, moved):
        raise UnhealthyError("web is not ready on another node", next="docker service ps web")
    assert api.changed == ["/services/web/update", "n1 is active"]


def test_a_service_that_was_removed_meanwhile_needs_nothing_back() -> None:
    api = Api()
    evacuation.restore(api, service("gone"))
    with pytest.raises(EngineError, match="it cannot be changed"):
        evacuation.restore(api, service("stuck"))
