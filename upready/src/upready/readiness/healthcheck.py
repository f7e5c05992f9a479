"""Run a container's own health check: the engine may run it only twice a minute."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from upready.runtime.docker.engine import Engine, answering
from upready.runtime.interface import Container
from upready.support import background
from upready.support.errors import EngineError

EAGER = 0.25
"""Seconds between the starts of two runs, at least."""

CROWD = 4
"""With more containers than this, each is checked less often."""

LATE = -1
"""The exit code of a check that took longer than its timeout."""

PATIENCE = 5.0
"""Seconds that a single look waits for the checks."""

_TIMEOUT = 30.0
"""The engine's timeout of a health check without one, in seconds."""

_LOOK = 0.02
"""Seconds until the first look whether the check has ended."""


def command(container: Container) -> list[str]:
    """The command of its health check, as the engine runs it; empty where there is none.

    Source: https://docs.docker.com/reference/dockerfile/#healthcheck
    """
    config = container.raw.get("Config") or {}
    kind, *words = (config.get("Healthcheck") or {}).get("Test") or [""]
    if kind == "CMD":
        return [str(word) for word in words]
    if kind == "CMD-SHELL" and words:
        return [*(config.get("Shell") or ["/bin/sh", "-c"]), str(words[0])]
    return []


def frequent(container: Container, lasted: float) -> bool:
    """Whether the engine itself runs the check as often as we would, as long as it has not passed.

    Args:
        container: The container.
        lasted: Seconds for which it has run: after its start period the engine checks it at its usual interval.
    """
    check = _settings(container)
    starts = lasted < start_period(container)
    often = int(check.get("StartInterval" if starts else "Interval") or 0)
    return 0 < often <= EAGER * 1e9


def start_period(container: Container) -> float:
    """Seconds after its start in which a check that fails does not count yet, as the engine was told."""
    return float(_settings(container).get("StartPeriod") or 0) / 1e9


def run(engine: Engine, container: Container, over: threading.Event) -> int | None:
    """Run the check once, as the engine would: the same command, user, folder and variables.

    Waits until the check has ended, however long that takes, so that no two run at the same time.

    Returns:
        Its exit code, `LATE` where it took longer than its timeout; None once `over` is set.

    Raises:
        EngineError: The engine does not answer.
    """
    words = command(container)
    began, wait = time.monotonic(), _LOOK
    with answering():
        api: Any = engine.client.api
        identifier = api.exec_create(container.id, words, stdout=False, stderr=False)["Id"]
        api.exec_start(identifier, detach=True)
        while True:
            state: Mapping[str, Any] = api.exec_inspect(identifier)
            if not state.get("Running"):
                if time.monotonic() - began > _timeout(container) + wait:
                    return LATE
                code = state.get("ExitCode")
                return code if isinstance(code, int) else None
            if over.wait(wait):
                return None
            wait = min(0.1, wait * 1.5)


def pause(took: float, crowd: int) -> float:
    """Seconds until a check that `took` so long may run again, beside those of `crowd` containers: half of the time."""
    return max(EAGER * max(1.0, crowd / CROWD) - took, took)


def passed_now(engine: Engine, containers: Sequence[Container]) -> set[str]:
    """The ids of the containers whose check passes now. All checks run at the same time."""
    every = {each.id: each for each in containers}
    over = threading.Event()

    def passes(identifier: str) -> bool:
        # A check that cannot be run has not passed.
        with contextlib.suppress(EngineError):
            return run(engine, every[identifier], over) == 0
        return False

    found = background.each(passes, every, PATIENCE)
    over.set()
    return {identifier for identifier, passed in found.items() if passed}


def _settings(container: Container) -> Mapping[str, Any]:
    return (container.raw.get("Config") or {}).get("Healthcheck") or {}


def _timeout(container: Container) -> float:
    return float(_settings(container).get("Timeout") or 0) / 1e9 or _TIMEOUT
