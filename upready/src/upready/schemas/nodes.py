"""The documents of the machines of a swarm."""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from typing import Annotated, NotRequired, TypedDict

from upready.schemas.parts import Document, OneOf, Runtime


class Node(TypedDict):
    """A machine of a swarm."""

    id: str
    name: str
    role: Annotated[str, OneOf("manager", "worker")]
    leader: bool
    reachability: Annotated[str | None, "Of a manager: whether the others reach it."]
    availability: Annotated[str, OneOf("active", "pause", "drain")]
    state: str
    message: str | None
    address: str
    engine_version: str
    platform: str
    cpus: float
    memory: Annotated[int, "Bytes."]
    context: Annotated[str | None, "The docker context that leads to it."]
    asked: Annotated[bool, "Whether it is the one that was asked."]
    tasks: Annotated[dict[str, int], "How many tasks of each service run there."]


class ChangedNode(TypedDict):
    """What was done to a node."""

    node: str
    what: str


class Nodes(Document):
    """The machines of a swarm."""

    runtime: Runtime
    managers: int
    quorum: Annotated[int, "So many managers must answer."]
    nodes: list[Node]
    changed: NotRequired[ChangedNode]
