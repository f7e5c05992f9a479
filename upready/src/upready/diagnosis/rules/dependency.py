"""A service that was not started because one that it waits for is not as far as it asks."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.readiness.health import Health, Verdict


def find(evidence: Evidence) -> Finding | None:
    """Told by the state of what it waits for; one that has failed is told rather than one that may yet become ready."""
    if evidence.refusal or evidence.health.state not in ("missing", "created"):
        return None
    waited = [
        other
        for name, condition in evidence.service.depends_on.items()
        if (other := evidence.others.get(name)) is not None and not _reached(other, condition)
    ]
    for other in sorted(waited, key=lambda each: each.verdict is not Verdict.FAILED):
        return Finding(
            "dependency",
            f"was not started: it waits for {other.service}, which {other.reason.partition(': ')[0]}",
            f"invoke diagnose {other.service}",
            blames=other.service,
        )
    return None


def _reached(other: Health, condition: str) -> bool:
    """Whether a service is as far as is asked for: one that only has to run may do so without being ready."""
    if condition == "service_started" and other.verdict is not Verdict.FAILED:
        return other.state in ("running", "paused")
    return other.verdict is Verdict.READY
