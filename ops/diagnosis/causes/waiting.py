"""A replica that runs, or may run yet, but is not ready: what was last heard of it."""

from __future__ import annotations

from ops.diagnosis.case import Case
from ops.diagnosis.failure import Finding


def find(case: Case) -> Finding:
    """Always answers: the judgement itself is the cause."""
    health, service = case.health, case.service.name
    if health.container is None and case.said:
        return Finding("start", f"was not started: {case.hide(case.said.splitlines()[-1])}", "invoke doctor")
    remedy = {
        "missing": "invoke status",
        "removed": f"{case.restart}, once nobody else works on this project",
        "paused": f"docker unpause {health.container.name}" if health.container else "",
    }.get(health.cause, f"invoke logs --service {service}")
    message = case.hide(health.reason)
    if health.cause == "starting" and not case.log.lines:
        message += "; it has written nothing to its log"
    return Finding(health.cause, message, remedy)
