"""`invoke prod` where services use the network or the volumes of another one's container."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected

pytestmark = [pytest.mark.engine, pytest.mark.slow]

COMPOSE = """\
x-all: &all {image: "python:3.13-slim", init: true, stop_grace_period: 1s, x-ops: {stable: 0.5}}
services:
  tunnel: {<<: *all, command: [sleep, "600"], environment: {HOW: "${HOW:-first}"}, volumes: ["data:/data"]}
  side: {<<: *all, command: [python, -um, http.server, "8080"], network_mode: "service:tunnel"}
  reader: {<<: *all, command: [sleep, "600"], volumes_from: ["tunnel:ro"]}
volumes: {data: }
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path, unique_name("shared"))
    project.write("compose.yaml", COMPOSE)
    project.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}}}\n")
    write_tasks(project.root)
    yield project
    remove_project(project.name)


def raw(project: Project) -> dict[str, dict[str, Any]]:
    """What the engine says of each service's container that runs."""
    found = connected().containers(project.name)
    return {each.service: dict(each.raw) for each in found if each.state == "running"}


def side_is_in_the_tunnel(project: Project) -> bool:
    found = raw(project)
    return bool(found["side"]["HostConfig"]["NetworkMode"] == f"container:{found['tunnel']['Id']}")


def test_who_uses_the_network_of_another_is_replaced_with_it_and_only_then(shop: Project) -> None:
    shop.ok("prod")
    first = raw(shop)
    again = shop.ok("prod")
    assert "nothing changes" in again.out
    assert {name: each["Id"] for name, each in raw(shop).items()} == {name: each["Id"] for name, each in first.items()}
    changed = shop.ok("prod", env={"HOW": "second"})
    assert "side is replaced (network_mode of tunnel, which changes)" in changed.out
    assert side_is_in_the_tunnel(shop)
    shop.ok("rollback", "--yes")
    assert "HOW=first" in raw(shop)["tunnel"]["Config"]["Env"]
    assert side_is_in_the_tunnel(shop)
