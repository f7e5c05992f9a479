"""A port of the host that somebody else has."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime import host_ports, ports, published_ports
from upready.stack.service import Port

_TAKEN = (
    r"Bind for [^\n]*?:(?P<port>\d+) failed: port is already allocated",
    r"failed to bind (?:host )?port (?:for )?(?:[\d.]+|\[[^\]]*\]):(?P<port>\d+)[^\n]*?: address already in use",
    r"exposing port \w+ [^\n]*?:(?P<port>\d+) ->[^\n]*?(?:already in use|address already in use)",
)
_DENIED = r"failed to bind (?:host )?port (?:for )?(?:[\d.]+|\[[^\]]*\]):(?P<port>\d+)[^\n]*?: permission denied"


def find(evidence: Evidence) -> Finding | None:
    """Told by the engine's words; says who has the port."""
    for pattern in _TAKEN:
        if match := re.search(pattern, evidence.said):
            return _taken(evidence, int(match["port"]))
    if match := re.search(_DENIED, evidence.said):
        return Finding(
            "port",
            f"could not start: the engine may not listen on port {match['port']}",
            _above(evidence, int(match["port"])),
        )
    return None


def _taken(evidence: Evidence, number: int) -> Finding:
    wanted = next((each for each in evidence.service.ports if each.published == number), None)
    protocol = wanted.protocol if wanted else "tcp"
    holder = evidence.engine.owner_of(number, protocol)
    owner, stop = (f"container {holder[1]}", f"docker stop {holder[1]}") if holder else ("another process", "")
    if wanted and not holder and evidence.engine.local:
        owner = host_ports.owner(wanted)
        stop = host_ports.stop(wanted, owner)
    kind = wanted or Port("", number, protocol, 0)
    remedy = ports.remedy(evidence.model.stack, ports.Conflict(evidence.service.name, kind, owner, stop))
    return Finding("port", f"could not start: its port {number} is taken by {owner}", remedy)


def _above(evidence: Evidence, number: int) -> str:
    """The step that publishes a port which everybody may have."""
    return published_ports.change(evidence.model.stack, evidence.service.name, number, number + 8000)
