"""What compose or the engine refuses for a reason that only their own words can tell."""

from __future__ import annotations

from upready.diagnosis.evidence import Case
from upready.diagnosis.failure import Finding
from upready.stack.compose_failure import IN_THE_FILE


def find(case: Case) -> Finding | None:
    """Told by the words: that it could not be started is the whole story, whatever it or others did before."""
    if not case.said:
        return None
    if case.container is not None and case.container.state == "paused":
        return Finding("paused", "is paused", f"docker unpause {case.container.name}")
    own = case.refusal.next if case.refusal else ""
    remedy = own if own and own != IN_THE_FILE else ""
    place = case.written()
    return Finding(
        "start",
        f"could not start: {case.said_briefly}" if case.refusal else case.health.reason,
        remedy or f"correct {place or f'the compose entry of {case.service.name}'}, then {case.restart}",
    )
