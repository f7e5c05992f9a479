"""The stage on which the cells are played, one for each process that runs tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.play import Stage


@pytest.fixture(scope="module")
def stage(state: Path, free_port: Callable[[], int]) -> Iterator[Stage]:
    cache = state / "cache"
    cache.mkdir(exist_ok=True)
    made = Stage(free_port, cache)
    yield made
    made.close()
