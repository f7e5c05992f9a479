"""A health check that itself cannot be run."""

from __future__ import annotations

import re

from ops.diagnosis.case import Case
from ops.diagnosis.failure import Finding

_UNABLE = (
    r'exec: "(?P<program>[^"]+)": (?:executable file not found|stat|no such file|permission denied)',
    r"(?:^|: )(?P<program>[\w./-]+): (?:command )?not found\s*$",
    r"exec (?P<program>\S+): no such file",
)


def find(case: Case) -> Finding | None:
    """Told by what the health check printed."""
    if not case.container or case.container.state != "running" or not case.checks or not case.checks[-1][0]:
        return None
    for pattern in _UNABLE:
        if match := re.search(pattern, case.checks[-1][1], re.IGNORECASE | re.MULTILINE):
            program = match["program"]
            return Finding(
                "health-check",
                f"cannot be told to be healthy: its health check needs {program}, which its image does not have",
                f"let healthcheck.test of {case.service.name} use a program of its image, or install {program} there",
            )
    return None
