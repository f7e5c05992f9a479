"""A network or volume that compose does not find, or that the engine does not make."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
from upready.stack import setting_place
from upready.support import next_step
from upready.support.errors import EngineError

_NETWORK = (
    r"network \S+ declared as external|failed to create network|invalid endpoint settings|invalid subnet|ip-range"
)
_VOLUME = r"external volume|error looking up volume plugin|failed to create volume"
_OVERLAPS = re.compile(r"overlaps?\b", re.IGNORECASE)


def find(evidence: Evidence) -> Finding | None:
    """Told by the words of compose or the engine; who has a subnet already, by the engine's networks."""
    if not evidence.said or evidence.refusal is None:
        return None
    kind = "network" if re.search(_NETWORK, evidence.said) else "volume" if re.search(_VOLUME, evidence.said) else None
    if kind is None:
        return None
    remedy, shown = evidence.refusal.next, []
    place = _place(evidence, kind)
    if kind == "network" and _OVERLAPS.search(evidence.said):
        holders = list(_holders(evidence))
        shown = [f"network {name} has {subnet}" for name, subnet, _ in holders]
        remedy = evidence.then(f"choose another subnet in {place}" if place else "choose another subnet")
        if foreign := [name for name, _, own in holders if not own]:
            remedy = next_step.either(remedy, f"if nothing uses it: docker network rm {foreign[0]}")
    elif "endpoint settings" in evidence.said:
        remedy = evidence.change(("networks",))
    elif place and not remedy.startswith("docker "):
        remedy = evidence.then(f"correct that in {place}")
    return Finding(kind, f"was not started: {evidence.said_briefly}", remedy, shown)


def _place(evidence: Evidence, kind: str) -> setting_place.Place | None:
    """Where the network or volume stands in the compose files."""
    names = (
        [name for each in evidence.refusal.about for what, _, name in [each.partition(" ")] if what == kind]
        if (evidence.refusal)
        else []
    )
    declared = evidence.model.raw.get(f"{kind}s") or {}
    for key, entry in declared.items():
        if key in names or (entry or {}).get("name") in names:
            return setting_place.find(evidence.model.stack, (f"{kind}s", key, "ipam"), (f"{kind}s", key))
    return None


def _holders(evidence: Evidence) -> Iterator[tuple[str, str, bool]]:
    """The networks of the engine that overlap with what the stack asks for: name, subnet, whether it is its own."""
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
        # One of the stack's own is in the way of the others too, but not of itself.
        others = [subnet for name, subnets in wanted.items() if name != each["Name"] for subnet in subnets]
        for pool in (each.get("IPAM") or {}).get("Config") or []:
            held = _subnet(pool.get("Subnet"))
            if held is not None and any(held.version == other.version and held.overlaps(other) for other in others):
                yield each["Name"], str(held), each["Name"] in wanted


def _subnet(text: object) -> Any:
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return None
