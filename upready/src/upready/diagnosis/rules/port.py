"""A port of the host that somebody else has, or that the engine may not use."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime import host_ports, ports, published_ports
from upready.stack.service import Port


def find(evidence: Evidence) -> Finding | None:
    """The engine names the port. This finds out which container or process has it."""
    failure = evidence.failure
    if failure is None or failure.kind not in ("port", "port denied"):
        return None
    number, stack = failure.port, evidence.model.stack
    if failure.kind == "port denied":
        return Finding(
            f"could not start: the engine may not listen on port {number}",
            published_ports.change(stack, evidence.service.name, number, number + 8000),
        )
    wanted = next((each for each in evidence.service.ports if each.published == number), Port("", number, "tcp", 0))
    if holder := evidence.engine.owner_of(number, wanted.protocol):
        owner, stop = f"container {holder[1]}", f"docker stop {holder[1]}"
    elif evidence.engine.local:
        owner = host_ports.owner(wanted)
        stop = host_ports.stop(wanted, owner)
    else:
        owner, stop = "another process", ""
    remedy = ports.remedy(stack, ports.Conflict(evidence.service.name, wanted, owner, stop))
    return Finding(f"could not start: its port {number} is taken by {owner}", remedy)
