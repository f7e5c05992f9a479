"""A health check whose program is missing in the image."""

from __future__ import annotations

import re
from collections.abc import Sequence

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding

_UNABLE = (
    r'exec: "(?P<program>[^"]+)": (?:executable file not found|stat|no such file|permission denied)',
    r"(?:^|: )(?P<program>[\w./-]+): (?:command )?not found\s*$",
    r"exec (?P<program>\S+): no such file",
)


def find(evidence: Evidence) -> Finding | None:
    """The health check printed which program is missing."""
    if not evidence.container or evidence.container.state not in ("running", "starting") or evidence.refusal:
        return None
    program = missing(evidence.checks)
    if program is None:
        return None
    place = evidence.written("healthcheck", "test")
    return Finding(
        message(program),
        evidence.then(
            f"let healthcheck.test of {evidence.service.name}{f' ({place})' if place else ''} use a program of its "
            f"image, or install {program} there"
        ),
    )


def message(program: str) -> str:
    """The sentence about a health check whose program is missing."""
    return f"cannot become healthy: its health check needs {program}, which its image does not have"


def missing(checks: Sequence[tuple[int, str]]) -> str | None:
    """The program that a health check cannot run, by its last result; None where it can run."""
    code, output = checks[-1] if checks else (0, "")
    # The engine says this when the container ended, or was restarted, while the check began.
    passing = "setns" in output or "/proc/self/" in output
    for pattern in _UNABLE if code and not passing else ():
        if match := re.search(pattern, output.strip(), re.IGNORECASE | re.MULTILINE):
            return match["program"]
    return None
