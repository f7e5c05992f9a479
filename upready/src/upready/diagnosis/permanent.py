"""Failures that waiting does not mend. They are reported at once, also while the container runs or is restarted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from upready.diagnosis.evidence import Evidence, secrets
from upready.diagnosis.failure import Finding
from upready.diagnosis.log import Log, read
from upready.diagnosis.phrases import BEGINS, SERVES
from upready.diagnosis.rules import data, health_check, password, source
from upready.readiness.health import Health, Verdict
from upready.runtime.interface import Runtime
from upready.stack.model import Model

TAIL = 400
"""Lines of the log that are read."""

LASTING = 5.0
"""Seconds for which a password must be refused before it counts: a database refuses it also while it is initialised."""

_GOES_ON = ("running", "starting", "restarting")
"""The states of a container for which somebody waits."""


def _as_it_is(path: str, line: int, _: str) -> str:
    return f"{path}:{line}" if line else path


def judge(engine: Runtime, model: Model, health: Health) -> tuple[str, str] | None:
    """Why a replica that is not ready will not become so by waiting, as (cause, reason); None where it may.

    Raises:
        EngineError: The engine does not answer.
    """
    if health.container is None:
        return None
    evidence = Evidence(engine, model, model.service(health.service), health, log=Log(), secrets=secrets(model))
    found = find(health, read(engine, health.container, TAIL, reason=False), evidence.local)
    return (found.cause, evidence.hide(found.message)) if found else None


def find(
    health: Health, log: Log, local: Callable[[str, int, str], str] = _as_it_is, now: float | None = None
) -> Finding | None:
    """Why a replica that is not ready will not become so by waiting; None where it may.

    Args:
        health: The replica.
        log: The end of its log: `log.read(engine, container, permanent.TAIL)`.
        local: Turns a path in the container, a line and its code into the path on the user's machine: `Evidence.local`.
        now: Seconds since 1970, by the engine's clock; this machine's where nothing is given.
    """
    container = health.container
    if container is None or health.verdict is Verdict.READY or container.state not in _GOES_ON:
        return None
    ended = container.state == "restarting"
    return (
        _program(log, local, ended=ended)
        or _version(log)
        or _password(health, log, time.time() if now is None else now)
        or _check(health)
    )


def _program(log: Log, local: Callable[[str, int, str], str], *, ended: bool) -> Finding | None:
    """An error in the code, a missing module, or a program that ended under a reloader which waits for an edit."""
    # The log of an earlier run does not show how the present run will end.
    broken = source.look(log, ended=ended) if log.own or ended else None
    if broken is None or not broken.lasting:
        return None
    place = f" ({local(broken.path, broken.line, broken.code)})" if broken.path else ""
    return Finding(f"cannot start: {broken.error}{place}", cause="module" if broken.module else "code")


def _version(log: Log) -> Finding | None:
    """The data were written by another version of the program."""
    for text in reversed(log.lines):
        if SERVES.search(text):
            return None
        for pattern in data.CERTAIN:
            if re.search(pattern, text):
                return Finding(f"cannot use its data: {text.strip()[:200]}", cause="data")
    return None


def _password(health: Health, log: Log, now: float) -> Finding | None:
    """Another service has refused the password for at least `LASTING` seconds."""
    refused = [
        number for number, text in enumerate(log.lines) if any(re.search(each, text) for each in password.REFUSED)
    ]
    if not refused or len(log.times) != len(log.lines):
        return None
    # Repeated entries are one line here; the line before it holds their number and their times.
    first = max(0, refused[0] - 1) if log.lines[max(0, refused[0] - 1)].startswith("(… ") else refused[0]
    began, last = log.times[first][0], log.times[refused[-1]][1]
    # A probe's answer is from this moment. Without one, the log must show the refusal again.
    asked = any(re.search(each, said) for _, said in health.failing_checks() for each in password.REFUSED)
    if (now if asked else last) - began < LASTING:
        return None
    later = log.lines[refused[-1] + 1 :]
    if not asked and any(SERVES.search(text) or BEGINS.search(text) for text in later):
        return None
    return Finding(f"is refused: {log.lines[refused[-1]].strip()[:200]}", cause="password")


def _check(health: Health) -> Finding | None:
    """The health check cannot be run, and no probe could show that the service is ready."""
    if health.probe is not None or health.container is None:
        return None
    unable = health_check.look(health.container.probes)
    return Finding(unable.message, cause="health-check") if unable else None
