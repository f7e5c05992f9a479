"""A port of the host that somebody else has."""

from __future__ import annotations

import re

from ops import ports
from ops.diagnosis.case import Case
from ops.diagnosis.failure import Finding

_TAKEN = (
    r"Bind for [^\n]*?:(?P<port>\d+) failed: port is already allocated",
    r"failed to bind (?:host )?port (?:for )?(?:[\d.]+|\[[^\]]*\]):(?P<port>\d+)[^\n]*?: address already in use",
    r"exposing port \w+ [^\n]*?:(?P<port>\d+) ->[^\n]*?(?:already in use|address already in use)",
)
_DENIED = r"failed to bind (?:host )?port (?:for )?(?:[\d.]+|\[[^\]]*\]):(?P<port>\d+)[^\n]*?: permission denied"


def find(case: Case) -> Finding | None:
    """Told by the engine's words; says who has the port."""
    for pattern in _TAKEN:
        if match := re.search(pattern, case.said):
            number = int(match["port"])
            wanted = next((each for each in case.service.ports if each.published == number), None)
            protocol = wanted.protocol if wanted else "tcp"
            holder = case.engine.owner_of(number, protocol)
            owner = f"container {holder[1]}" if holder else "another process"
            if wanted and not holder and case.engine.local:
                owner = ports.owner(wanted)
            return Finding(
                "port",
                f"could not start: its port {number} is taken by {owner}",
                f"stop {owner}, or choose another port in .env",
            )
    if match := re.search(_DENIED, case.said):
        return Finding(
            "port",
            f"could not start: the engine may not listen on port {match['port']}",
            "choose a port above 1023 in .env",
        )
    return None
