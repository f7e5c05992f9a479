"""What compose or the engine refuses for a reason that only their own words can tell."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.stack.compose_failure import IN_THE_FILE


def find(evidence: Evidence) -> Finding | None:
    """Told by the words: that it could not be started is the whole story, whatever it or others did before."""
    if not evidence.said:
        return None
    if evidence.container is not None and evidence.container.state == "paused":
        return Finding("paused", "is paused", f"docker unpause {evidence.container.name}")
    own = evidence.refusal.next if evidence.refusal else ""
    remedy = own if own and own != IN_THE_FILE else ""
    place = evidence.written()
    return Finding(
        "start",
        f"could not start: {evidence.said_briefly}" if evidence.refusal else evidence.health.reason,
        remedy or evidence.then(f"correct {place or f'the compose entry of {evidence.service.name}'}"),
    )
