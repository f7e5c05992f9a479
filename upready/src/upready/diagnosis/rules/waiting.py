"""A replica that runs, or may run yet, but is not ready: what was last heard of it."""

from __future__ import annotations

from upready.diagnosis.evidence import Case
from upready.diagnosis.failure import Finding


def find(case: Case) -> Finding:
    """Always answers: the judgement itself is the cause."""
    health, service = case.health, case.service.name
    remedy = {
        "missing": case.restart,
        "created": case.restart,
        "start": case.restart,
        "removed": f"{case.restart}, once nobody else works on this project",
        "paused": f"docker unpause {health.container.name}" if health.container else "",
    }.get(health.cause, f"invoke logs --service {service}")
    message = case.hide(health.reason)
    if health.cause == "starting" and case.unread:
        message += f"; {case.unread}"
        remedy = f"let its log be kept: {case.change(('logging', 'driver'), 'json-file')}"
    elif health.cause == "starting" and not case.log.lines:
        message += "; it has written nothing to its log"
    return Finding(health.cause, message, remedy)
