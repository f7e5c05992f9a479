"""A project behind the edge on three nodes: an edge on each, and a service that callers outside of them ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.engine import test_release_traffic
from tests.engine.callers_inside import CallersInside
from tests.engine.conftest import Project
from tests.engine.three_nodes import Swarm, begun
from upready.runtime.swarm import nodes

PORT = 8000
IMAGES = ("python:3.13-slim", "caddy:2-alpine")
SETTINGS = (
    "ops: {environments: {prod: {files: [compose.yaml], profiles: [full-stack], runtime: swarm, timeout: 200}}}\n"
)


@dataclass
class Served:
    """The project, and the swarm that it runs on."""

    project: Project
    swarm: Swarm

    @property
    def urls(self) -> list[str]:
        """Where each node's edge answers."""
        return [f"http://{each.address}:{PORT}" for each in self.swarm.machines]

    def calling(self, rate: float, streams: int = 0, sockets: int = 0) -> CallersInside:
        """Callers of every node, who are on none of them."""
        first, *more = self.urls
        return CallersInside(first, rate, streams, sockets, inside=self.swarm.bridge.inside, more=more)


def make(swarm: Swarm, root: Path, name: str = "served") -> Served:
    """The project, in a folder of its own; `prod` starts it."""
    root.mkdir(exist_ok=True)
    made = test_release_traffic.make(root, name, PORT).project
    made.write("invoke.yaml", SETTINGS)
    made.write(".env", "")
    (root / ".env").chmod(0o600)
    variables = {**swarm.environment, "API_PORT": str(PORT), "REPLICAS": "2", "DRAIN": "1"}
    return Served(Project(root, name, variables, swarm.machines[0].inside), swarm)


def known() -> Iterator[Swarm]:
    """A swarm whose nodes have the images, and are known by their contexts."""
    for made in begun():
        made.fill(*IMAGES)
        for node in made.api.nodes():
            nodes.change(made.api, node["ID"], Labels={nodes.CONTEXT: node["Description"]["Hostname"]})
        yield made
