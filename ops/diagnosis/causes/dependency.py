"""A service that was not started because one that it waits for is not ready."""

from __future__ import annotations

from ops.diagnosis.case import Case
from ops.diagnosis.failure import Finding
from ops.health import Verdict


def find(case: Case) -> Finding | None:
    """Told by the state of what it waits for."""
    if case.health.state not in ("missing", "created"):
        return None
    for name in case.service.depends_on:
        other = case.others.get(name)
        if other is not None and other.verdict is not Verdict.READY:
            return Finding(
                "dependency",
                f"was not started: it waits for {name}, which {other.reason.partition(': ')[0]}",
                f"invoke diagnose {name}",
                blames=name,
            )
    return None
