"""A replica that runs, or may run yet, but is not ready: what was last heard of it."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding


def find(evidence: Evidence) -> Finding:
    """Always answers: the judgement itself is the cause."""
    health, service = evidence.health, evidence.service.name
    remedy = {
        "missing": evidence.restart,
        "created": evidence.restart,
        "start": evidence.restart,
        "removed": f"once nobody else works on this project: {evidence.restart}",
        "paused": f"docker unpause {health.container.name}" if health.container else "",
    }.get(health.cause, f"invoke logs --service {service}")
    message = evidence.hide(health.reason)
    if health.cause == "starting" and evidence.unread:
        message += f"; {evidence.unread}"
        remedy = evidence.change(("logging", "driver"), "json-file")
    elif health.cause == "starting" and not evidence.log.lines:
        message += "; it has written nothing to its log"
    return Finding(health.cause, message, remedy)
