"""Services whose constraints would take them off the node that has their data: Swarm moves no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import answering
from upready.runtime.swarm import data_places, nodes, pins, placement
from upready.support import next_step, shell_words
from upready.support.errors import UsageError

if TYPE_CHECKING:
    from upready.runtime.interface import Note
    from upready.runtime.swarm.data_places import DataPlaces
    from upready.runtime.swarm.engine import SwarmEngine
    from upready.runtime.swarm.nodes import Node
    from upready.runtime.swarm.steps import Step
    from upready.stack.model import Model

OPTION = "--accept-loss"
KEY = "volumes"
"""Behind the name of a service: what `OPTION` takes to let the service leave its volumes behind."""

_SHORT = 7
"""So many letters of a node's id are told."""


@dataclass(frozen=True)
class Move:
    """A service that would leave volumes on nodes that its new constraints do not allow, or that are gone.

    Attributes:
        service: Its name in the compose file.
        volumes: The volumes.
        nodes: The nodes that have them, by name; one that is gone by its id.
        why: Why it cannot run there.
        gone: Whether no node is in the swarm any more that has them: no backup can be made then.
    """

    service: str
    volumes: tuple[str, ...]
    nodes: tuple[str, ...]
    why: str
    gone: bool = False

    def __str__(self) -> str:
        """For people."""
        return f"{self.service}: {', '.join(self.volumes)} on {', '.join(self.nodes)} ({self.why})"


def check(swarm: SwarmEngine, model: Model, steps: Sequence[Step], tell: Note, *, back: bool = False) -> None:
    """Make sure that no service is moved off its data, unless that is accepted.

    Args:
        swarm: Where; it says what is accepted.
        model: What is to run.
        steps: What is to be done to each service.
        tell: Told what is left behind as it is accepted.
        back: Whether it is a rollback, which cannot be told to accept it.

    Raises:
        UsageError: One is moved; it says how its data can go along.
        EngineError: The engine does not answer.
    """
    found = []
    for each in find(swarm, model, steps):
        if f"{each.service}.{KEY}" in swarm.accepted:
            tell(f"{each}: that stays there; to restore a backup of it: {_restore(each.service)}")
        else:
            found.append(each)
    if not found:
        return
    raise _refusal(found, back=back)


def _refusal(found: Sequence[Move], *, back: bool) -> UsageError:
    names = [each.service for each in found]
    there = [each.service for each in found if not each.gone]
    accepted = f" {OPTION} ".join(f"{each}.{KEY}" for each in names)
    if not there:
        way = f"invoke prod {OPTION} {accepted}" if back else next_step.again(OPTION, accepted)
        return UsageError(
            f"the node that has the data of {', '.join(names)} is in the swarm no more",
            details=[*map(str, found), f"to begin with a backup, after the second step: {_restore(*names)}"],
            next=next_step.either("have that machine join again, by --add of: invoke --help nodes", way),
        )
    steps = shell_words.in_turn(f"invoke backup {_services(*there)}", next_step.again(OPTION, accepted))
    return UsageError(
        f"{', '.join(names)} would leave the node that has its data, and Swarm moves no data",
        details=[
            *map(str, found),
            "the volumes stay there as they are; a backup takes the data along, as it is when the backup is made",
            f"after both steps: {_restore(*names)}",
        ],
        next="put these constraints into the compose file, then: invoke prod" if back else steps,
    )


def _restore(*names: str) -> str:
    return f"invoke restore latest {_services(*names)}"


def _services(*names: str) -> str:
    return " ".join(f"--service {shell_words.word(each)}" for each in names)


def find(swarm: SwarmEngine, model: Model, steps: Sequence[Step]) -> list[Move]:
    """The services that would leave volumes behind, of those that have data.

    Raises:
        EngineError: The engine does not answer.
    """
    asked = [each for each in steps if _may_move(each) and not needs_none(model, each.key)]
    if not asked:
        return []
    api: Any = swarm.client.api
    with answering():
        known = {each.id: each for each in nodes.every(api)}
        tasks = {each.key: api.tasks(filters={"service": each.service.name}) for each in asked}
    places = data_places.Asked(swarm, model.stack.project)
    return [move for each in asked if (move := _move(each, tasks[each.key], known, places))]


def _may_move(step: Step) -> bool:
    """Whether a service has the same volumes as before, and other constraints. One that each node has stays on each."""
    if step.before is None or placement.is_global(step.service.spec):
        return False
    before, after = step.before["Spec"], step.service.spec
    same = set(pins.volumes(before)) & set(pins.volumes(after))
    return bool(same) and placement.constraints(before) != placement.constraints(after)


def needs_none(model: Model, service: str) -> bool:
    """Whether the compose file says that a service has no data to keep (`x-ops: {data: none}`)."""
    return model.every[service].ops.get("data") == "none" if service in model.every else False


def _move(step: Step, tasks: Sequence[Mapping[str, Any]], known: Mapping[str, Node], places: DataPlaces) -> Move | None:
    """What a service leaves behind: where its tasks run, else where the last one has run."""
    if step.before is None:
        return None
    before, after = step.before["Spec"], step.service.spec
    volumes = tuple(sorted({*pins.volumes(before)} & {*pins.volumes(after)}))
    there = data_places.placed(tasks) or [*filter(None, [pins.node_of(before)])]
    left = {known[each].name: placement.fixed(after, known[each]) for each in there if each in known}
    left = {name: found for name, found in left.items() if found}
    if left:
        return Move(step.key, volumes, tuple(left), next(iter(left.values()))[0].words)
    if not there or any(each in known for each in there):
        return None
    # It may have joined again since, as another node.
    found = [known[each] for each in places.of_volumes(volumes) if each in known]
    if any(not placement.fixed(after, each) for each in found):
        return None
    gone = tuple(f"the node {each[:_SHORT]}" for each in there)
    return Move(step.key, volumes, gone, "it is in the swarm no more", gone=True)
