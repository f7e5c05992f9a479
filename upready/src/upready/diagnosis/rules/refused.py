"""What compose or the engine refuses for a reason that only their own words can tell."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding


def find(evidence: Evidence) -> Finding | None:
    """That it could not be started is the whole story, whatever it or other services did before."""
    if evidence.refusal is None:
        return None
    if evidence.container is not None and evidence.container.state == "paused":
        return Finding("paused", "is paused", f"docker unpause {evidence.container.name}")
    remedy = evidence.failure.next if evidence.failure else evidence.refusal.next
    place = evidence.written()
    return Finding(
        "start",
        f"could not start: {evidence.refused}",
        remedy or f"correct {place or f'the compose entry of {evidence.service.name}'}, then {evidence.restart}",
    )
