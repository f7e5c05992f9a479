"""Examinations of a swarm: its managers, and each of its nodes."""

from __future__ import annotations

import functools
import itertools
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from upready.doctor import host
from upready.doctor.facts import Facts, Finding, Grade
from upready.engine.connection import answering
from upready.engine.elsewhere import Place
from upready.runtime.docker.containers import Containers
from upready.runtime.swarm import images, manager, nodes
from upready.runtime.swarm.nodes import Node
from upready.support import background, files, next_step, shell_words, units
from upready.support.errors import OpsError

SUBJECT = "swarm"


def managers(facts: Facts) -> Iterator[Finding]:
    """Whether the swarm can decide, and still could if it lost a manager."""
    known = _nodes(facts)
    if known is None:
        return
    found = [each for each in known if each.role == nodes.MANAGER]
    away = [each for each in found if each.reachability != "reachable"]
    wanted = nodes.quorum(len(found))
    told = f"{len(known)} nodes, {len(found)} managers, of which {wanted} must answer"
    if len(known) == 1:
        yield Finding(SUBJECT, Grade.OK, "a swarm of one node")
    elif away:
        names = ", ".join(each.name for each in away)
        more = "; if one more is lost, nothing can be changed" if len(found) - len(away) == wanted else ""
        yield Finding(SUBJECT, Grade.WARNING, f"the manager {names} does not answer{more}", _again(away[0]))
    elif len(found) == 2:
        yield Finding(
            SUBJECT,
            Grade.WARNING,
            "two managers: when one is lost, nothing can be changed; three bear the loss of one",
            _promotion(known),
        )
    elif len(found) == 1 and len(known) >= 3:
        yield Finding(
            SUBJECT,
            Grade.WARNING,
            "one manager: when it is lost, nothing can be changed; three bear the loss of one",
            _promotion(known),
        )
    else:
        yield Finding(SUBJECT, Grade.OK, told)


def machines(facts: Facts) -> Iterator[Finding]:
    """Whether each node answers, and has the same engine, the right time, and room."""
    known = _nodes(facts)
    if known is None:
        return
    own = manager.place(facts.info).node
    usual = Counter(each.version for each in known).most_common(1)[0][0]
    labels = nodes.labels(known)
    others = [each for each in known if each.id != own]
    for each in known:
        yield from _answers(each, labels[each.id])
        if each.version != usual:
            message = f"{labels[each.id]} has Docker {each.version}, and most nodes have {usual}"
            yield Finding(SUBJECT, Grade.WARNING, message, "update it: https://docs.docker.com/engine/install/")
    asked = [each for each in others if each.state == nodes.READY]
    found = background.together([functools.partial(_beyond, each, labels[each.id]) for each in asked])
    yield from itertools.chain.from_iterable(found)


def mesh(facts: Facts) -> Iterator[Finding]:
    """Whether this machine's kernel has what virtual addresses need, as far as that can be seen from here."""
    known = _nodes(facts)
    if known is None or not isinstance(facts.engine, Containers) or not facts.engine.local:
        return
    if lacks_ipvs():
        yield Finding(
            SUBJECT,
            Grade.WARNING,
            "this machine's kernel has no IPVS: virtual addresses and the ports of every node lead nowhere; "
            "with endpoint_mode: dnsrr, and ports in mode: host, services are reached",
        )


def lacks_ipvs() -> bool:
    """Whether this machine's Linux has no IPVS, loaded or to be loaded; False where nobody can tell."""
    release = Path("/proc/sys/kernel/osrelease")
    if not files.is_file(release):
        return False
    if files.there(Path("/proc/net/ip_vs")):
        return False
    modules = Path("/lib/modules") / release.read_text("utf-8").strip()
    listed = [modules / name for name in ("modules.dep", "modules.builtin")]
    present = [each for each in listed if files.is_file(each)]
    text = "".join(each.read_text("utf-8", "replace") for each in present)
    return "/ip_vs.ko" not in text


def _nodes(facts: Facts) -> list[Node] | None:
    """The nodes; None where the engine is no manager of a swarm.

    Raises:
        EngineError: The swarm has no leader.
    """
    if not isinstance(facts.engine, Containers) or not manager.place(facts.info).inside:
        return None
    place = manager.place(facts.info)
    if not place.manages and place.state == "active":
        return None
    manager.require(place, facts.engine.address)
    with manager.asking():
        return nodes.every(facts.engine.client.api)


def _answers(node: Node, label: str) -> Iterator[Finding]:
    """Whether its managers hear of it."""
    if node.state == nodes.READY:
        drained = "" if node.availability == nodes.ACTIVE else f", {node.availability}"
        told = f"{label}: {node.role} at {node.address}, Docker {node.version}{drained}"
        yield Finding(SUBJECT, Grade.OK, told)
        return
    said = f" ({node.message})" if node.message else ""
    message = f"{label} at {node.address} is {node.state}{said}: its machine, its engine or the way there is off"
    yield Finding(SUBJECT, Grade.WARNING, message, _again(node))


def _again(node: Node) -> str:
    """What to do about a node that does not answer."""
    ask = f"docker --context {shell_words.word(node.context)} info" if node.context else ""
    return next_step.either(ask, f"allow {manager.PORTS} between the nodes, then: {next_step.AGAIN}")


def _beyond(node: Node, label: str) -> list[Finding]:
    """What only the engine of a node itself can tell."""
    if not node.context:
        message = f"no docker context is known that leads to {label}: its clock and disk are not looked at"
        return [Finding(SUBJECT, Grade.WARNING, message, images.way_to(node))]
    found: list[Finding] = []
    try:
        with images.reached(node) as place:
            found.extend(_clock(place, label))
            found.extend(_disk(place, label))
    except OpsError as error:
        found.append(Finding(SUBJECT, Grade.WARNING, error.summary, error.next))
    return found


def _clock(place: Place, label: str) -> Iterator[Finding]:
    with answering():
        before = datetime.now(UTC)
        said = str(place.client.info().get("SystemTime") or "")
        after = datetime.now(UTC)
    if not said:
        return
    there = datetime.fromisoformat(said)
    off = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if off > host.CLOCK_TOLERANCE:
        message = f"the clock of {label} is {off:.0f} s off: managers lose it, and certificates are refused"
        yield Finding(SUBJECT, Grade.WARNING, message, f"synchronise its clock, then: {next_step.AGAIN}")


def _disk(place: Place, label: str) -> Iterator[Finding]:
    """Its disk, where that is one of this machine: an engine elsewhere does not tell."""
    with answering():
        root = Path(str(place.client.info().get("DockerRootDir") or ""))
    if place.endpoint.socket is None or not files.is_folder(root):
        return
    free = shutil.disk_usage(root).free
    if free < host.DISK_NEEDED:
        message = f"{label} has {units.size(free)} free"
        context = shell_words.word(place.endpoint.context)
        yield Finding(SUBJECT, Grade.WARNING, message, f"docker --context {context} builder prune")


def _promotion(known: Sequence[Node]) -> str:
    workers = [each.name for each in known if each.role == nodes.WORKER and each.state == nodes.READY]
    return f"docker node promote {workers[0]}" if workers else "invoke nodes"
