"""A health check whose program is missing in the image, or cannot be run there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.diagnosis.rules import command


class Why(Enum):
    """Why a program cannot be run, as the end of a sentence about the health check."""

    MISSING = "needs {program}, which its image does not have"
    DENIED = "runs {program}, which is not executable"
    INTERPRETER = "runs {program}, whose interpreter or C library its image does not have"


_UNABLE = (
    (Why.MISSING, r'exec: "(?P<program>[^"]+)": (?:executable file not found|stat|no such file)'),
    (Why.DENIED, r'exec: "(?P<program>[^"]+)": permission denied'),
    # With a letter: 404 is no program.
    (Why.MISSING, r"(?:^|: )(?P<program>[\w./-]*[a-z][\w./-]*): (?:command )?not found\s*$"),
    # The engine looks for the file before it says this, and finds it.
    (Why.INTERPRETER, r"exec (?P<program>\S+): no such file"),
)


@dataclass(frozen=True)
class Unable:
    """A program that a health check cannot run, and why."""

    program: str
    why: Why

    @property
    def message(self) -> str:
        """The sentence about it."""
        return f"cannot become healthy: its health check {self.why.value.format(program=self.program)}"


def find(evidence: Evidence) -> Finding | None:
    """The health check printed which program cannot be run."""
    if not evidence.container or evidence.container.state not in ("running", "starting") or evidence.refusal:
        return None
    unable = look(evidence.checks)
    return Finding(unable.message, _step(evidence, unable)) if unable else None


def look(checks: Sequence[tuple[int, str]]) -> Unable | None:
    """The program that a health check cannot run, by its last result; None where it can run."""
    code, output = checks[-1] if checks else (0, "")
    # The engine says this when the container ended, or was restarted, while the check began.
    passing = "setns" in output or "/proc/self/" in output
    for why, pattern in _UNABLE if code and not passing else ():
        if match := re.search(pattern, output.strip(), re.IGNORECASE | re.MULTILINE):
            return Unable(match["program"], why)
    return None


def _step(evidence: Evidence, unable: Unable) -> str:
    program = unable.program
    if unable.why is Why.DENIED:
        return command.allow(evidence, program)
    if unable.why is Why.INTERPRETER:
        file = evidence.local(program)
        return evidence.then(
            f"begin {file} with a shell of its image (#!/bin/sh), and save it with Unix line ends (LF)"
        )
    place = evidence.written("healthcheck", "test")
    return evidence.then(
        f"let healthcheck.test of {evidence.service.name}{f' ({place})' if place else ''} use a program of its "
        f"image, or install {program} there"
    )
