"""Whether a new container that was ready stays so, by what an engine that is made up says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import Any, cast

import pytest

from tests.unit import replicas
from upready.releases import gate
from upready.runtime.interface import Container, Runtime

REFUSED, PASSED = (1, "connection refused"), (0, "")
SICK = replicas.container(state="running", health="unhealthy", probes=(REFUSED,))
WELL = replicas.container(state="running", health="healthy", probes=(PASSED,))
AGAIN = replace(WELL, started=datetime(2030, 1, 1, tzinfo=UTC), health="starting", exit_code=None)


class Engine:
    """An engine that says one thing after the other of a container, and the last one for ever."""

    def __init__(self, *said: Container) -> None:
        self._said = chain(said, repeat(said[-1]))

    def inspect(self, _: str) -> Container:
        return next(self._said)


@pytest.mark.parametrize(
    ("ready", "later", "trouble"),
    [
        pytest.param(SICK, (SICK,), "", id="nothing new: it was ready by our own run of its check"),
        pytest.param(SICK, (SICK, WELL), "", id="the engine sees it later"),
        pytest.param(SICK, (SICK, replace(SICK, probes=(REFUSED, REFUSED))), "became unhealthy", id="it fails again"),
        pytest.param(WELL, (WELL, SICK), "became unhealthy", id="it was healthy"),
        pytest.param(WELL, (WELL,), "", id="it stays"),
        pytest.param(WELL, (replace(WELL, state="exited", exit_code=3),), "ended with exit code 3", id="it ends"),
        pytest.param(WELL, (AGAIN,), "ended, and was started again", id="the engine starts it again"),
    ],
)
def test_only_what_the_engine_finds_after_a_container_was_ready_counts(
    ready: Container, later: tuple[Container, ...], trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "LOOK_EVERY", 0.001)
    engine: Any = Engine(*later)
    moved, told = gate._unsteady(cast("Runtime", engine), [ready], 0.05)
    assert (bool(moved), trouble in told) == (bool(trouble), True), told
