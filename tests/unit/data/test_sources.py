"""Data on the nodes of a swarm: a volume that several nodes have is not passed over, and who writes is known."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.runtime.swarm.test_tasks import seen, task
from upready.data import kinds, sources
from upready.data.sources import Data
from upready.runtime.interface import Container
from upready.support.errors import UsageError

MOUNTS = {"Mounts": [{"Type": "volume", "Name": "shop_files", "Destination": "/files", "RW": True}]}


def container(service: str, node: str, state: str = "running") -> Container:
    (made,) = seen(task("running", 1))
    return dataclasses.replace(made, service=service, node=node, state=state, raw=MOUNTS, image="small:1")


def data(*containers: Container, driver: str = "local", options: dict[str, str] | None = None) -> Data:
    service = SimpleNamespace(ops={"data": {}}, image="small:1")
    merged: Any = SimpleNamespace(every={each.service: service for each in containers})
    engine: Any = SimpleNamespace(name="swarm", volume=lambda _: {"Driver": driver, "Options": options})
    engine.at = lambda _: engine
    found = sources._sources(engine, merged, containers)
    stack: Any = SimpleNamespace(environment="prod")
    return Data("shop", engine, stack, merged, containers, found)


def test_a_volume_that_each_of_several_nodes_has_is_refused() -> None:
    found = data(container("web", "alpha"), container("web", "beta"))
    (source,) = found.sources
    assert source.kind in kinds.FILES
    with pytest.raises(UsageError, match="shop_files on each of the nodes alpha, beta"):
        found.engine(source)


def test_a_share_is_one_volume_wherever_it_is_used() -> None:
    found = data(container("web", "alpha"), container("web", "beta"), options={"type": "nfs", "device": ":/files"})
    assert found.engine(found.sources[0])
    found = data(container("web", "alpha"), container("web", "beta"), driver="cloud")
    assert found.engine(found.sources[0])


def test_who_is_not_healthy_yet_writes_already() -> None:
    found = data(container("web", "alpha", "starting"), container("job", "alpha", "exited"))
    users = {user.service for source in found.sources for user in source.users}
    assert users == {"web"}
