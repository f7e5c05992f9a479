"""The engine of another node of the swarm: it alone knows all of the node's containers, and has its volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upready.engine import connection
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.runtime.swarm import images, nodes
from upready.support.errors import UsageError

if TYPE_CHECKING:
    from docker import DockerClient
    from upready.engine.heartbeat import Heartbeat
    from upready.runtime.swarm.nodes import Node


class Member(Containers):
    """Such an engine.

    Args:
        client: The SDK's client of it.
        heartbeat: Finds out whether it still answers.
        context: The docker context that leads to it.
        manager: The manager that knows it.
        place: Where it is, for people.
    """

    def __init__(
        self, client: DockerClient, heartbeat: Heartbeat | None, context: str, manager: Containers, place: str
    ) -> None:
        super().__init__(client, heartbeat)
        self.context, self.manager, self._manager, self._place = context, manager, manager, place

    @property
    def address(self) -> str:
        """Where it answers: not the engine that the user has chosen."""
        return self._place

    def now(self, project: str, container: Container) -> Container:
        """The container that has the place of another one now."""
        return self._manager.now(project, container)


def of(manager: Containers, container: Container) -> Member:
    """The engine of the node that has a container.

    Raises:
        UsageError: No label of the node tells how to reach it, or another node has the same name.
        StartError: The context that is named there leads to another engine.
        EngineError: There is no such context here, or nobody answers.
    """
    with connection.answering():
        known = nodes.every(manager.client.api)
    named = [each for each in known if each.name == container.node]
    if len(named) > 1:
        raise UsageError(
            f"{container.name} runs on {container.node}, and {len(named)} nodes have that name: which one has it "
            "cannot be known",
            next="docker node ls",
        )
    if not named or not named[0].context:
        raise unreachable(container)
    return on(manager, named[0])


def on(manager: Containers, node: Node) -> Member:
    """The engine of a node.

    Raises:
        StartError: No label tells how to reach it, or the context that is named there leads to another engine.
        EngineError: There is no such context here, or nobody answers.
    """
    found = images.connect(node)
    return Member(found.client, found.heartbeat, node.context, manager, found.address)


def unreachable(container: Container) -> UsageError:
    """The error that nobody knows how to reach the engine of a container's node."""
    return UsageError(
        f"{container.name} runs on the node {container.node}, and nothing tells how to reach its engine",
        details=["the label upready.context of a node names the docker context that leads there"],
        next="find its name for that label: docker context ls",
    )
