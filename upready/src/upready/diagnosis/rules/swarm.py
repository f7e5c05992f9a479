"""A task of Swarm that no node takes, that a node has refused, or whose node is gone.

Swarm's own words say how many nodes are unfit, not which and why: that is found out from what its manager knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.swarm import fleet, images, manager, nodes, pins, placement, registry
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node
from upready.runtime.swarm.placement import Obstacle
from upready.stack.settings import SWARM
from upready.support import next_step, shell_words

_NOWHERE = re.compile(r"no suitable node|assigned node no longer meets constraints", re.IGNORECASE)
_NO_IMAGE = re.compile(r"no such image:? ?(?P<image>\S*)|pull access denied for (?P<denied>[^\s,]+)", re.IGNORECASE)
_PORT = re.compile(
    r"(?:bind for|bind host port(?: for)?|listen tcp4?|listen udp4?) \S*?:(?P<port>\d+)\S*?(?::\S+)? .*?"
    r"(?:already in use|already allocated)",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"attaching to network failed|could not find (?:a )?network|network sandbox join failed|error creating vxlan"
    r"|network \S+ not found",
    re.IGNORECASE,
)
_MOUNT = re.compile(r"bind source path does not exist: (?P<path>\S+)")
_KEYS = {
    "constraint": ("deploy", "placement", "constraints"),
    "platform": ("platform",),
    "cpus": ("deploy", "resources", "reservations", "cpus"),
    "memory": ("deploy", "resources", "reservations", "memory"),
    "generic": ("deploy", "resources", "reservations", "generic_resources"),
    "port": ("ports",),
    "replicas": ("deploy", "placement", "max_replicas_per_node"),
}
"""The key of a service that has to do with an obstacle."""


class Way(Protocol):
    """How a step that changes a service's setting is told; `Evidence` is one."""

    @property
    def restart(self) -> str:
        """The command that applies changed settings."""

    def change(self, keys: Sequence[str], value: str = "") -> str:
        """The step that changes a setting of the service and starts it again."""


@dataclass(frozen=True)
class Task:
    """What is known of a task that does not run.

    Attributes:
        said: What Swarm says of it.
        service: Its service, as the API has it.
        node: The id of its node; empty where it has none.
        image: Its image, as people know it.
    """

    said: str
    service: Mapping[str, Any]
    node: str = ""
    image: str = ""


def find(evidence: Evidence) -> Finding | None:
    """What Swarm says of the task, and what its manager knows."""
    container, docker = evidence.container, evidence.docker
    if container is None or docker is None or getattr(docker, "name", "") != SWARM:
        return None
    with manager.asking():
        known = fleet.read(docker.client.api)
    service = known.services.get(container.slot.partition(".")[0])
    if service is None:
        return None
    named = [each.id for each in known.nodes if each.name == container.node]
    node = named[0] if len(named) == 1 else ""  # of several with one name, nobody knows which it is
    return judge(Task(container.error, service, node, container.image), known, evidence)


def judge(task: Task, known: Fleet, way: Way) -> Finding | None:
    """Why a task does not run, and what to do; None where Swarm is not to blame.

    Args:
        task: The task.
        known: The swarm, now.
        way: Gives the steps.
    """
    node = next((each for each in known.nodes if each.id == task.node), None)
    if manager.leaderless(task.said):
        return _leaderless(task)
    if _NOWHERE.search(task.said):
        return _nowhere(task, known, way)
    if match := _NO_IMAGE.search(task.said):
        return _no_image(task, match["image"] or match["denied"] or task.image, node, way)
    return _refused(task, node, known, way) or _down(task, node)


def _refused(task: Task, node: Node | None, known: Fleet, way: Way) -> Finding | None:
    """Its node has refused it; None where it has not, or for reasons of the container's own."""
    if match := _PORT.search(task.said):
        return _port(task, int(match["port"]), node, known, way)
    if match := _MOUNT.search(task.said):
        where = f"on {node.name}" if node else "on its node"
        step = f"make {match['path']} on every node, or use a volume, then: {way.restart}"
        return Finding(f"was refused {where}, which has no {match['path']}", step, [task.said], cause="mount")
    return _network(task, node) if _NETWORK.search(task.said) else None


def _leaderless(task: Task) -> Finding:
    step = "start the other managers again, then: invoke nodes"
    return Finding("cannot be changed: the swarm has too few managers", step, [task.said], cause="quorum")


def _nowhere(task: Task, known: Fleet, way: Way) -> Finding:
    """No node takes it: what each of them lacks."""
    if gone := _gone(task, known, way):
        return gone
    names = nodes.labels(known.nodes)
    found = {each.id: placement.obstacles(task.service, each, known) for each in known.nodes}
    told = [f"{names[id_]}: {'; '.join(each.words for each in reasons)}" for id_, reasons in found.items() if reasons]
    able = [each for each in known.nodes if not placement.fixed(task.service.get("Spec") or {}, each)]
    if able and len(able) < len(known.nodes) and all(each.state != nodes.READY for each in able):
        return _all_down(task, able, told)
    firsts = [reasons[0] for reasons in found.values() if reasons]
    common = _common(list(found.values()))
    if not firsts:
        # Something has changed meanwhile, or Swarm asks for what is not known here.
        return Finding("runs on no node", "invoke nodes", [task.said], cause="placement")
    message = _words(common, known) if common else "runs on no node: each lacks something else"
    steps = [_step(each, known, way) for each in ([common] if common else dict.fromkeys(firsts))]
    return Finding(message, next_step.either(*steps), [task.said, *told], cause="placement")


def _gone(task: Task, known: Fleet, way: Way) -> Finding | None:
    """The node that has its data was removed from the swarm."""
    spec = task.service.get("Spec") or {}
    held, pinned = placement.volumes(spec), pins.node_of(spec)
    if not held or not pinned or pinned in {each.id for each in known.nodes}:
        return None
    return Finding(
        f"runs on no node: the one with its volume {', '.join(held)} is in the swarm no more",
        next_step.either("have that machine join again, by --add of: invoke --help nodes", way.restart),
        [task.said],
        cause="node",
    )


def _all_down(task: Task, able: Sequence[Node], told: Sequence[str]) -> Finding:
    """The nodes that may run it do not answer. What ran there may run still: frozen, or cut off from the managers."""
    names = ", ".join(each.name for each in able)
    message = f"runs on no node: {names} alone may run it, and {'does' if len(able) == 1 else 'do'} not answer"
    held = placement.volumes(task.service.get("Spec") or {})
    if not held:
        return Finding(message, f"start {names} again, then: invoke nodes", [task.said, *told], cause="node")
    danger = (
        f"should {names} come back by itself, Swarm begins it there before what ran there has ended: both would write "
        f"the volume {', '.join(held)}"
    )
    steps = [
        f"after docker node update --availability pause {shell_words.word(each.name)}, start {each.name} again, "
        f"then: invoke nodes --activate {shell_words.word(each.name)}"
        for each in able
    ]
    return Finding(message, next_step.either(*steps), [task.said, *told, danger], cause="node")


def _common(found: Sequence[Sequence[Obstacle]]) -> Obstacle | None:
    """What all nodes that answer have against it; None where each has something else."""
    shared = [each for each in found if not any(one.kind == "node" for one in each)] or list(found)
    for each in shared[0] if shared else ():
        if all(any((one.kind, one.of) == (each.kind, each.of) for one in others) for others in shared):
            return each
    return None


def _words(obstacle: Obstacle, known: Fleet) -> str:
    """What all nodes lack, as the rest of a sentence."""
    ready = sum(each.ready for each in known.nodes)
    return {
        "constraint": f"runs on no node: none meets the constraint {obstacle.of}",
        "platform": f"runs on no node: none is {obstacle.of}",
        "cpus": "runs on no node: none has so many CPUs free as it reserves",
        "memory": "runs on no node: none has so much memory free as it reserves",
        "generic": f"runs on no node: none has enough of {obstacle.of} free",
        "port": f"runs on no node: port {obstacle.of} is taken on each",
        "replicas": f"runs on no further node: each has {obstacle.of}, as many as max_replicas_per_node allows",
        "node": f"runs on no node: {ready} of {len(known.nodes)} nodes take tasks",
    }[obstacle.kind]


def _step(obstacle: Obstacle, known: Fleet, way: Way) -> str:
    """What to do about what a node lacks."""
    if obstacle.kind == "node":
        off = [each for each in known.nodes if each.state == nodes.READY and each.availability != nodes.ACTIVE]
        return f"invoke nodes --activate {shell_words.word(off[0].name)}" if off else "invoke nodes"
    change = way.change(_KEYS[obstacle.kind])
    if obstacle.kind == "constraint" and obstacle.of.startswith("node.labels."):
        label, value = (each.strip() for each in obstacle.of.removeprefix("node.labels.").partition("==")[::2])
        ready = [each for each in known.nodes if each.ready]
        if value and ready:
            given = shell_words.word(f"{label}={value}")
            return next_step.either(f"docker node update --label-add {given} {ready[0].name}", change)
    if obstacle.kind in ("port", "replicas"):
        return next_step.either(way.change(("deploy", "replicas")), change)
    return change


def _no_image(task: Task, image: str, node: Node | None, way: Way) -> Finding:
    """Its node does not have its image, and no registry gives it."""
    where = node.name if node else "its node"
    name = task.image or image
    unknown = node is not None and not node.context and image.startswith(registry.ID)
    step = images.way_to(node) if node is not None and unknown else way.restart
    host = registry.host(image)
    if image.startswith(registry.ID):
        steps = [step, f"to have every node pull it: {images.to_registry(way.restart)}"]
    elif host:
        login = shell_words.in_turn(f"docker login {shell_words.word(host)}", way.restart)
        steps = [login, f"see to it that {where} reaches {host}, then: {way.restart}"]
    else:
        steps = [step]
    return Finding(
        f"was refused on {where}, which has no image {name}", next_step.either(*steps), [task.said], cause="image"
    )


def _port(task: Task, port: int, node: Node | None, known: Fleet, way: Way) -> Finding:
    """A port of its node is taken, by something that Swarm knows or not."""
    where = node.name if node else "its node"
    holder = next(
        (
            known.name(service)
            for service in known.services.values()
            if service.get("ID") != task.service.get("ID")
            and any(number == port for number, _ in placement.host_ports(service.get("Spec") or {}))
        ),
        "",
    )
    owner = holder or "something that Swarm does not know"
    return Finding(
        f"was refused on {where}: port {port} there is taken by {owner}",
        way.change(("ports",)),
        [task.said],
        cause="port",
    )


def _network(task: Task, node: Node | None) -> Finding:
    """Its network does not reach its node."""
    where = node.name if node else "its node"
    address = f" at {node.address}" if node and node.address else ""
    return Finding(
        f"was refused on {where}{address}, which its network does not reach",
        f"allow {manager.PORTS} between the nodes, then: invoke doctor",
        [task.said],
        cause="network",
    )


def _down(task: Task, node: Node | None) -> Finding | None:
    """Its node does not answer."""
    if node is None or node.state == nodes.READY:
        return None
    held = placement.volumes(task.service.get("Spec") or {})
    message = f"ran on {node.name}, which does not answer"
    if held:
        message += f"; its data is in the volume {', '.join(held)} there, so it runs nowhere else"
    step = f"start {node.name} again, then: invoke nodes"
    said = [each for each in (task.said, node.message) if each]
    return Finding(message, step, said, cause="node")
