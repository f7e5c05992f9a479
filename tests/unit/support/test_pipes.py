"""Programs that bytes go through."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from upready.data import postgres_listing
from upready.support import pipes

COPIES = [sys.executable, "-c", "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"]


@pytest.fixture
def late_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads run only once the test has ended, as they may on a busy machine; none may fail."""
    found: list[str] = []
    ready = threading.Event()
    begun: list[threading.Thread] = []
    run = threading.Thread.run

    def run_late(thread: threading.Thread) -> None:
        begun.append(thread)
        ready.wait(30)
        run(thread)

    monkeypatch.setattr(threading.Thread, "run", run_late)
    monkeypatch.setattr(threading, "excepthook", lambda told: found.append(f"{told.thread}: {told.exc_value!r}"))
    yield
    ready.set()
    for each in begun:
        each.join(10)
    assert begun
    assert found == []


@pytest.mark.usefixtures("late_threads")
def test_a_block_that_fails_is_told_by_its_own_error_alone() -> None:
    with pytest.raises(OSError, match="no room"), pipes.child(pipes.Call(COPIES)):
        raise OSError("no room")


@pytest.mark.usefixtures("late_threads")
def test_a_list_that_is_broken_off_is_told_by_its_own_error_alone() -> None:
    with pytest.raises(OSError, match="no room"), postgres_listing.lister(pipes.Call(COPIES)) as (feed, _):
        feed(b"some\n")
        raise OSError("no room")
