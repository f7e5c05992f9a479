"""Empty a node without losing a request: what runs there runs elsewhere, and is ready, before it is stopped.

Swarm itself stops first when a node is drained, and only then begins to start elsewhere. So each service is updated
first, with the constraint that it may not run on this node and the order `start-first`: that replaces its tasks on this
node, and no others. Once the node is drained, the service gets its own spec back, which moves nothing.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.runtime.interface import Note
from upready.runtime.swarm import fleet, manager, nodes, placement
from upready.runtime.swarm.fleet import Fleet
from upready.runtime.swarm.nodes import Node
from upready.support import next_step, shell_words
from upready.support.errors import EngineError, LockedError, OpsError, UnhealthyError, UsageError

LABEL = "upready.leaves"
"""The label of a service that is moved off a node: the node's id. Should nobody be left to take the constraint away."""

_FAILED = ("paused", "rollback_started", "rollback_paused", "rollback_completed")
_TURNS = 5


@dataclass(frozen=True)
class Plan:
    """What becomes of what runs on a node.

    Attributes:
        moved: The services whose tasks move.
        ended: The services of which each node has a task: that of this node ends.
        jobs: The services whose tasks end by themselves, which is waited for.
        problems: Why the node cannot be drained, a sentence each.
        steps: What to do about that.
    """

    moved: tuple[Mapping[str, Any], ...] = ()
    ended: tuple[Mapping[str, Any], ...] = ()
    jobs: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def plan(known: Fleet, node: Node) -> Plan:
    """What would become of what runs on a node."""
    here = {str(each.get("ServiceID")): known.service_of(each) for each in known.on(node)}
    found = [each for _, each in sorted(here.items()) if each]
    jobs = [each for each in found if placement.is_job(each["Spec"])]
    ended = [each for each in found if placement.is_global(each["Spec"]) and each not in jobs]
    moved = [each for each in found if each not in jobs and each not in ended]
    told = [problem for each in moved if (problem := _problem(known, each, node))]
    return Plan(
        tuple(moved),
        tuple(ended),
        tuple(jobs),
        tuple(sentence for sentence, _ in told),
        tuple(dict.fromkeys(step for _, step in told)),
    )


def drain(api: Any, node: Node, tell: Note, seconds: float) -> None:
    """Empty a node and keep it empty.

    Args:
        api: The SDK's client of a manager.
        node: The node.
        tell: Gets a sentence about each step.
        seconds: How long all of it may take.

    Raises:
        UsageError: A service cannot run elsewhere; nothing was changed.
        LockedError: A service is being updated.
        UnhealthyError: A service was not ready elsewhere in time; all is as it was.
        EngineError: The manager does not answer.
    """
    with manager.asking():
        known = fleet.read(api)
    wanted = plan(known, node)
    refuse(wanted, node)
    if busy := [known.name(each) for each in wanted.moved if _updating(each)]:
        raise LockedError(f"{', '.join(busy)}: another task is at work on it", next=next_step.AGAIN)
    with _returning(api, node, wanted.moved):
        with manager.asking():
            nodes.change(api, node.id, Availability=nodes.PAUSE)
        for each in wanted.moved:
            tell(f"move {known.name(each)} off {node.name}")
            _move(api, each, node, seconds)
        for each in wanted.jobs:
            tell(f"wait for {known.name(each)}, which ends by itself")
            _await(api, node, [str(each["ID"])], seconds, f"{known.name(each)} still runs on {node.name}")
        with manager.asking():
            nodes.change(api, node.id, Availability=nodes.DRAIN)
        _await(api, node, (), seconds, f"something still runs on {node.name}")
    for each in wanted.moved:
        restore(api, each)


def refuse(wanted: Plan, node: Node) -> None:
    """Refuse a plan with a problem.

    Raises:
        UsageError: There is one.
    """
    if wanted.problems:
        raise UsageError(
            f"{node.name} cannot be drained", details=wanted.problems, next=next_step.either(*wanted.steps)
        )


def clean(api: Any, node: Node) -> list[str]:
    """Take away the constraints of a drain of this node that was cut off; returns the services' names."""
    with manager.asking():
        known = fleet.read(api)
    left = [each for each in known.services.values() if _labels(each).get(LABEL) == node.id]
    for each in left:
        restore(api, _without(each, node))
    return [known.name(each) for each in left]


def restore(api: Any, service: Mapping[str, Any]) -> None:
    """Give a service its own spec back; its tasks stay where they are. One that is gone meanwhile needs none."""
    from docker.errors import NotFound

    try:
        _update(api, str(service["ID"]), lambda _: dict(service["Spec"]))
    except EngineError as error:
        if not isinstance(error.__cause__, NotFound):
            raise


@contextlib.contextmanager
def _returning(api: Any, node: Node, moved: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Put all back as it was when the block fails, also by Ctrl-C."""
    try:
        yield
    except BaseException:
        # Each by itself: what one of them comes to says nothing of the others, nor of the node.
        for each in moved:
            with contextlib.suppress(OpsError):
                restore(api, each)
        with contextlib.suppress(OpsError), manager.asking():
            nodes.change(api, node.id, Availability=node.availability)
        raise


def _problem(known: Fleet, service: Mapping[str, Any], node: Node) -> tuple[str, str] | None:
    """Why a service cannot leave a node, and what to do about that; None where it can."""
    name, spec = known.name(service), service["Spec"]
    scale = f"docker service scale {name}=0"
    if held := placement.volumes(spec):
        return (
            f"{name} keeps its data in the local volume {', '.join(held)}, which no other node has",
            shell_words.in_turn("invoke backup", scale),
        )
    others = [each for each in known.nodes if each.id != node.id]
    reasons = {each.id: placement.obstacles(service, each, known) for each in others}
    if any(not found for found in reasons.values()):
        return None
    if not others:
        return f"{name} runs here, and the swarm has no other node", scale
    names = nodes.labels(known.nodes)
    told = "; ".join(f"{names[each.id]}: {reasons[each.id][0].words}" for each in others)
    return f"{name} can run on no other node: {told}", scale


def _move(api: Any, service: Mapping[str, Any], node: Node, seconds: float) -> None:
    """Replace a service's tasks on a node by tasks elsewhere, each ready before the old one is stopped.

    Raises:
        UnhealthyError: It was not ready in time, or has failed elsewhere.
    """
    identifier = str(service["ID"])
    _update(api, identifier, lambda spec: _away(spec, node))

    def settled() -> Mapping[str, Any] | bool:
        with manager.asking():
            found = api.inspect_service(identifier)
            here = api.tasks({"service": identifier, "node": node.id})
        state = str((found.get("UpdateStatus") or {}).get("State") or "")
        if state in _FAILED:
            return dict(found)
        return state != "updating" and not any(map(fleet.lives, here))

    done = manager.until(settled, seconds)
    name = str(service["Spec"]["Name"])
    if not done or isinstance(done, Mapping):
        why = str(((done or {}).get("UpdateStatus") or {}).get("Message") or "") if isinstance(done, Mapping) else ""
        raise UnhealthyError(
            f"{name} is not ready on another node, so it stays on {node.name}",
            details=[*filter(None, [why]), *_errors(api, identifier)],
            next=f"docker service ps --no-trunc {name}",
        )


def _await(api: Any, node: Node, services: Sequence[str], seconds: float, otherwise: str) -> None:
    """Wait until nothing lives on a node, or none of some services.

    Raises:
        UnhealthyError: It took too long.
    """

    def empty() -> bool:
        with manager.asking():
            found = api.tasks({"node": node.id})
        return not any(fleet.lives(each) and (not services or each["ServiceID"] in services) for each in found)

    if not manager.until(empty, seconds):
        raise UnhealthyError(otherwise, next=next_step.again("--timeout", f"{2 * seconds:g}"))


def _away(spec: Mapping[str, Any], node: Node) -> dict[str, Any]:
    """A spec that keeps a service off a node, and starts before it stops."""
    changed = copy.deepcopy(dict(spec))
    task = changed["TaskTemplate"]
    held = task.setdefault("Placement", {})
    held["Constraints"] = [*(held.get("Constraints") or ()), _constraint(node)]
    changed["Labels"] = {**(changed.get("Labels") or {}), LABEL: node.id}
    given = changed.get("UpdateConfig") or {"Parallelism": 1}
    changed["UpdateConfig"] = {**given, "Order": "start-first", "Delay": 0, "FailureAction": "rollback"}
    return changed


def _without(service: Mapping[str, Any], node: Node) -> dict[str, Any]:
    """A service without what `_away` has added; what its own order was is not known any more."""
    changed = copy.deepcopy(dict(service))
    spec = changed["Spec"]
    held = spec["TaskTemplate"].get("Placement") or {}
    held["Constraints"] = [each for each in held.get("Constraints") or () if each != _constraint(node)]
    spec["TaskTemplate"]["Placement"] = held
    spec["Labels"] = {name: value for name, value in (spec.get("Labels") or {}).items() if name != LABEL}
    return changed


def _constraint(node: Node) -> str:
    return f"node.id!={node.id}"


def _update(api: Any, identifier: str, make: Any) -> None:
    """Change a service; where somebody else has changed it meanwhile, once more."""
    from docker.errors import APIError

    with manager.asking():
        for turn in range(_TURNS):
            found = api.inspect_service(identifier)
            url = api._url("/services/{0}/update", identifier)
            asked = {"version": found["Version"]["Index"], "registryAuthFrom": "spec"}
            try:
                api._raise_for_status(api._post_json(url, data=make(found["Spec"]), params=asked))
            except APIError as error:
                if "out of sequence" not in str(error) or turn == _TURNS - 1:
                    raise
            else:
                return


def _updating(service: Mapping[str, Any]) -> bool:
    return str((service.get("UpdateStatus") or {}).get("State") or "") in ("updating", "rollback_started")


def _labels(service: Mapping[str, Any]) -> Mapping[str, str]:
    return (service.get("Spec") or {}).get("Labels") or {}


def _errors(api: Any, identifier: str) -> list[str]:
    """What the newest tasks of a service say of their failures, each once."""
    with manager.asking():
        found = sorted(api.tasks({"service": identifier}), key=lambda each: str(each["CreatedAt"]), reverse=True)
    return [*dict.fromkeys(said for each in found[:6] if (said := str(each["Status"].get("Err") or "")))][:3]
