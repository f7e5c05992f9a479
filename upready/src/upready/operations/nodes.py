"""`invoke nodes`: the machines of a swarm, what runs on each, and how one comes, is emptied, and goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from upready.engine import chosen
from upready.operations.machines import Machine, Overview
from upready.operations.step import Step
from upready.runtime.docker import engine
from upready.runtime.docker.engine import Engine, answering
from upready.runtime.interface import Note
from upready.runtime.swarm import evacuation, fleet, images, manager, membership, node_data, nodes, placement
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.manager import Place
from upready.runtime.swarm.nodes import Node
from upready.runtime.swarm.task_state import GONE
from upready.support import next_step, shell_words, spelling
from upready.support.errors import StartError, UsageError

SECONDS = 300.0
"""How long a node may take to be emptied, where nothing else is said."""

LOOK_EVERY = 0.3
"""Seconds between two looks."""


@dataclass
class Swarm:
    """The swarm of the engine that is asked.

    Attributes:
        engine: The engine.
        place: Its place in the swarm.
        tell: Gets a sentence about each step.
    """

    engine: Engine
    place: Place
    tell: Note
    fleet: Fleet = field(init=False)

    def __post_init__(self) -> None:
        """Ask what there is."""
        with manager.asking():
            self.fleet = fleet.read(self.api)

    @property
    def api(self) -> Any:
        """The SDK's client of the manager."""
        return self.engine.client.api

    def node(self, word: str) -> Node:
        """The node that a word of the user's means.

        Raises:
            UsageError: None, or more than one.
        """
        known, labels = self.fleet.nodes, nodes.labels(self.fleet.nodes)
        found = nodes.named(known, word)
        if len(found) == 1:
            return found[0]
        if found:
            told = [f"{each.id}: {each.name} at {each.address}, {each.state}" for each in found]
            step = next_step.instead(word, found[0].id)
            raise UsageError(f"{len(found)} nodes are called {word}: name one by its id", details=told, next=step)
        near = spelling.closest(word, [each.name for each in known])
        raise UsageError(
            f"there is no node {word!r}{spelling.meant(word, [each.name for each in known])}",
            details=[f"the swarm has: {', '.join(labels.values())}"],
            next=next_step.instead(word, near) if near else "invoke nodes",
        )

    def overview(self, did: str = "", to: str = "") -> Overview:
        """All nodes, as they are now."""
        with manager.asking():
            known = fleet.read(self.api)
        labels = nodes.labels(known.nodes)
        return Overview(
            [
                Machine(
                    each,
                    labels[each.id],
                    dict(sorted(Counter(known.name(known.service_of(task)) for task in known.on(each)).items())),
                    each.id == self.place.node,
                )
                for each in known.nodes
            ],
            did,
            to,
        )


def connect(tell: Note) -> Swarm:
    """The swarm of the engine that is asked.

    Raises:
        UsageError: The engine is in no swarm, or a worker.
        EngineError: It does not answer, or its swarm has no leader.
    """
    connected = engine.connect()
    found = _place(connected)
    manager.require(found, connected.address, UsageError)
    return Swarm(connected, found, tell)


def check(context: str) -> None:
    """Make sure that there is a docker context.

    Raises:
        UsageError: There is none of that name.
    """
    chosen.check(context, "--add")


def add(context: str, role: str, tell: Note, *, begin: bool) -> Overview:
    """Have the engine of a docker context join the swarm, with the images that what runs there needs.

    A node that is in the swarm already gets no tasks by that: somebody may have drained or paused it for a reason.

    Args:
        context: The name of the context.
        role: `worker` or `manager`.
        tell: Gets a sentence about each step.
        begin: Whether the swarm is made where the engine that is asked is in none.

    Raises:
        UsageError: There is no such context, its engine is in another swarm, or the asked engine is in none.
        EngineError: An engine does not answer, or the new one does not reach a manager.
    """
    check(context)
    swarm = _begun(context, tell, begin=begin)
    identifier = membership.enter(swarm.api, swarm.fleet.nodes, context, role, tell)
    node = manager.ready(swarm.api, identifier)
    if node is None:
        raise membership.late(context)
    with manager.asking():
        nodes.change(swarm.api, node.id, Labels={nodes.CONTEXT: context})
    _provide(swarm, node.id)
    if node.availability != nodes.ACTIVE and node.id in {each.id for each in swarm.fleet.nodes}:
        what = "drained" if node.availability == nodes.DRAIN else "paused"
        tell(f"{node.name} stays {what}; to let it have tasks: invoke nodes --activate {shell_words.word(node.name)}")
    elif node.availability != nodes.ACTIVE:
        with manager.asking():
            nodes.change(swarm.api, node.id, Availability=nodes.ACTIVE)
    return swarm.overview("added", node.name)


def drain(word: str, tell: Note, seconds: float | None) -> Overview:
    """Empty a node; see `evacuation`. One that is empty already stays so."""
    swarm = connect(tell)
    node = swarm.node(word)
    evacuation.drain(swarm.api, node, tell, seconds or SECONDS)
    return swarm.overview("drained", node.name)


def activate(word: str, tell: Note) -> Overview:
    """Let a node have tasks again, once it has the images of what may run there, and what is to end there has ended.

    A task that is begun beside one that has not ended yet would write the same volume.

    Raises:
        UsageError: The node does not answer, and what ran there may still run.
        StartError: That does not end.
        EngineError: An engine does not answer.
    """
    swarm = connect(tell)
    node = swarm.node(word)
    _wait_for_ends(swarm, node)
    if node.context:
        _provide(swarm, node.id)
    evacuation.clean(swarm.api, node)
    with manager.asking():
        nodes.change(swarm.api, node.id, Availability=nodes.ACTIVE)
    return swarm.overview("activated", node.name)


def _wait_for_ends(swarm: Swarm, node: Node) -> None:
    deadline = time.monotonic() + SECONDS
    while left := _ending(swarm.api, node):
        with manager.asking():
            now = next((each for each in nodes.every(swarm.api) if each.id == node.id), node)
        if now.state != nodes.READY:
            raise UsageError(
                f"{node.name} does not answer, and {left} may still run there: another one beside it would write the "
                "same volume",
                next=f"start {node.name}, then: {next_step.AGAIN}",
            )
        if time.monotonic() > deadline:
            raise StartError(
                f"{left} does not end on {node.name}", next="docker node ps " + shell_words.word(node.name)
            )
        time.sleep(LOOK_EVERY)


def _ending(api: Any, node: Node) -> str:
    """A service with volumes that still runs on a node where Swarm wants it no more; empty where none does."""
    with manager.asking():
        known = fleet.read(api)
    for each in known.on(node):
        service = known.service_of(each)
        writes = bool(placement.volumes(service.get("Spec") or {}))
        if writes and each.get("DesiredState") in GONE and each["Status"]["State"] in ("running", "starting"):
            return known.name(service)
    return ""


def remove(word: str, tell: Note, seconds: float | None, *, lose: bool = False) -> Overview:
    """Empty a node, have it leave the swarm, and forget it.

    Args:
        word: The node.
        tell: Gets a sentence about each step.
        seconds: How long it may take to empty it; None for the default.
        lose: Whether one that does not answer is forgotten with data that no other node has.

    Raises:
        UsageError: It is not removed: too few managers would be left, or its data would be lost.
        OpsError: As `evacuation.drain` and `membership.leave` do.
    """
    swarm = connect(tell)
    node = swarm.node(word)
    membership.refuse_removal(swarm.fleet.nodes, node, swarm.place.node)
    if node.state == nodes.READY:
        evacuation.drain(swarm.api, node, tell, seconds or SECONDS)
    elif not lose:
        node_data.refuse_loss(swarm.fleet, node)
    for each in node_data.of(swarm.fleet, node):
        tell(f"stays on the disk of {node.name}: {each}.")
    membership.leave(swarm.api, node, tell)
    return swarm.overview("removed", node.name)


def plan(what: str, word: str, *, role: str = nodes.WORKER, yes: bool = False) -> list[Step]:
    """What one of these would do.

    Args:
        what: add, drain, activate or remove.
        word: The context, or the node.
        role: As what a node would be added.
        yes: Whether a swarm is made, or data lost, without a question.

    Raises:
        UsageError: It would not be done.
    """
    if what == "add":
        check(word)
        connected = engine.connect()
        found = _place(connected)
        if not found.inside:
            _refuse_beginning(connected, begin=yes)
            membership.refuse_member(word)
        begun = [] if found.inside else [Step("run", ("docker", "swarm", "init"), "run docker swarm init")]
        return [*begun, Step("add", (word,), f"have the engine of the docker context {word} join as a {role}")]
    swarm = connect(lambda _: None)
    node = swarm.node(word)
    if what == "activate":
        return [Step("activate", (node.name,), f"let {node.name} have tasks again")]
    steps = []
    if what == "remove":
        membership.refuse_removal(swarm.fleet.nodes, node, swarm.place.node)
    if node.state == nodes.READY:
        wanted = evacuation.plan(swarm.fleet, node)
        evacuation.refuse(wanted, node)
        names = _names(swarm.fleet)
        steps += [Step("move", (each,), f"move {each} off {node.name}") for each in names(wanted.moved)]
        steps += [Step("wait", (each,), f"wait for {each}, which ends by itself") for each in names(wanted.jobs)]
        steps += [
            Step("stop", (each,), f"stop {each} on {node.name}: each node has one") for each in names(wanted.ended)
        ]
        steps.append(Step("drain", (node.name,), f"drain {node.name}"))
    elif what == "remove" and not yes:
        node_data.refuse_loss(swarm.fleet, node)
    if what == "remove":
        steps.append(Step("remove", (node.name,), f"have {node.name} leave the swarm"))
    return steps


def _names(known: Fleet) -> Callable[[Sequence[Mapping[str, Any]]], list[str]]:
    return lambda services: [known.name(each) for each in services]


def _place(connected: Engine) -> Place:
    with answering():
        return manager.place(connected.client.info())


def _begun(context: str, tell: Note, *, begin: bool) -> Swarm:
    """The swarm, which is made where that is asked for, and only once the engine that is to join has answered."""
    connected = engine.connect()
    found = _place(connected)
    if not found.inside:
        _refuse_beginning(connected, begin=begin)
        membership.refuse_member(context)
        manager.begin(connected.client.api)
        tell(f"{connected.address} is a swarm of one node now")
    return connect(tell)


def _refuse_beginning(connected: Engine, *, begin: bool) -> None:
    if not begin:
        raise UsageError(
            f"the Docker Engine at {connected.address} is in no swarm yet",
            next=next_step.either(next_step.again("--yes"), "docker swarm init"),
        )


def _provide(swarm: Swarm, identifier: str) -> None:
    """Send a node the images that no registry has, before it may run what needs them."""
    with manager.asking():
        node = nodes.read(swarm.api.inspect_node(identifier))
        wanted = images.needed(swarm.api.services(), node)
    if wanted and node.id != swarm.place.node:
        images.send(swarm.engine, wanted, node, swarm.tell)
