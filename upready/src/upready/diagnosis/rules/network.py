"""A network or volume that does not exist, or that the engine does not make."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
from upready.stack import setting_place
from upready.stack.compose_failure import IN_THE_FILE, Failure
from upready.support import next_step
from upready.support.errors import EngineError

_OF_THE_ENGINE = ("bridge", "docker_gwbridge", "ingress")
"""Networks that the engine makes for itself: it removes them for nobody, or only for another."""


def find(evidence: Evidence) -> Finding | None:
    """Compose names the network or volume. The engine tells which of its networks has the same subnet."""
    failure = evidence.failure
    if failure is None or failure.kind not in ("network", "network setting", "subnet", "endpoint", "volume"):
        return None
    kind = "volume" if failure.kind == "volume" else "network"
    remedy, shown = failure.next or IN_THE_FILE, []
    place = _place(evidence, kind, failure)
    if failure.kind == "subnet":
        holders = list(_holders(evidence))
        shown = [f"network {name} has {subnet}" for name, subnet, _ in holders]
        remedy = evidence.then(f"choose another subnet in {place}" if place else "choose another subnet")
        if foreign := [name for name, _, own in holders if not own and name not in _OF_THE_ENGINE]:
            remedy = next_step.either(remedy, f"if nothing uses it: docker network rm {foreign[0]}")
    elif failure.kind == "endpoint":
        remedy = evidence.change(("networks",))
    elif place and not remedy.startswith("docker "):
        commands = [way for way in remedy.splitlines() if way.startswith("docker ")]
        remedy = next_step.either(evidence.then(f"correct that in {place}"), *commands)
    return Finding(f"was not started: {evidence.refused}", remedy, shown, cause=kind)


def _place(evidence: Evidence, kind: str, failure: Failure) -> setting_place.Place | None:
    """Where the network or volume stands in the compose files."""
    names = failure.named(kind)
    declared = evidence.model.raw.get(f"{kind}s") or {}
    for key, entry in declared.items():
        if key in names or (entry or {}).get("name") in names:
            return setting_place.find(evidence.model.stack, (f"{kind}s", key, "ipam"), (f"{kind}s", key))
    return None


def _holders(evidence: Evidence) -> Iterator[tuple[str, str, bool]]:
    """The engine's networks that overlap with those of the stack: name, subnet, whether it is one of the stack."""
    wanted: dict[str, list[Any]] = {}
    for entry in (evidence.model.raw.get("networks") or {}).values():
        pools = ((entry or {}).get("ipam") or {}).get("config") or []
        subnets = [found for pool in pools if (found := _subnet(pool.get("subnet"))) is not None]
        wanted[str((entry or {}).get("name"))] = subnets
    try:
        with answering():
            networks = evidence.docker.client.api.networks() if evidence.docker else []
    except EngineError:
        return
    for each in networks:
        # A network of the stack may overlap with another one of the stack, but not with itself.
        others = [subnet for name, subnets in wanted.items() if name != each["Name"] for subnet in subnets]
        for pool in (each.get("IPAM") or {}).get("Config") or []:
            held = _subnet(pool.get("Subnet"))
            if held is not None and any(held.overlaps(other) for other in others):
                yield each["Name"], str(held), each["Name"] in wanted


def _subnet(text: object) -> Any:
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None
