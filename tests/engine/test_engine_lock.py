"""One change at a time on an engine: who comes second is told, or waits; a holder that is gone keeps nobody out."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.conftest import unique_name
from tests.engine.conftest import until
from tests.engine.scene import connected
from upready.releases import carrier, engine_lock
from upready.runtime.docker.containers import Containers
from upready.support.errors import LockedError

pytestmark = pytest.mark.engine

HOLD = """
import sys, time
from upready.releases import engine_lock
from upready.runtime.docker import containers
with engine_lock.hold(containers.connect(), sys.argv[1], "invoke prod", "ann@there"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def project() -> Iterator[str]:
    name = unique_name("locked")
    yield name
    if found := engine_lock.holder(connected(), name):
        carrier.remove(connected(), found.container)


def take(project: str, wait: float = 0.0) -> None:
    with engine_lock.hold(connected(), project, "invoke rollback", "bob@here", wait):
        found = engine_lock.holder(connected(), project)
        assert found is not None
        assert (found.task, found.by) == ("invoke rollback", "bob@here")


def test_a_second_one_is_told_who_is_at_work(project: str) -> None:
    with engine_lock.hold(connected(), project, "invoke prod", "ann@there"):
        with pytest.raises(
            LockedError, match=r"invoke prod of ann@there \(process \d+, for \d+ s\) is at work"
        ) as told:
            take(project)
        assert "invoke unlock" in told.value.next
    assert engine_lock.holder(connected(), project) is None
    take(project)


def test_a_second_one_waits_for_as_long_as_it_was_told(project: str) -> None:
    first = engine_lock.hold(connected(), project, "invoke prod", "ann@there")
    first.__enter__()
    waits = threading.Thread(target=take, args=(project, 60.0))
    waits.start()
    first.__exit__(None, None, None)
    waits.join(60)
    assert not waits.is_alive()
    assert engine_lock.holder(connected(), project) is None


def test_a_holder_that_was_killed_keeps_nobody_out(project: str) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, project], stdout=subprocess.PIPE, text=True) as task:
        assert task.stdout is not None
        assert task.stdout.readline() == "held\n"
        with pytest.raises(LockedError):
            take(project)
        task.kill()
    take(project)


def test_a_holder_of_another_machine_is_gone_once_it_gives_no_sign(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(carrier, "machine", lambda: "another machine")
        container, _ = engine_lock._take(connected(), project, "invoke prod", "ann@there", 0.0)
    with pytest.raises(LockedError):
        take(project)
    monkeypatch.setattr(engine_lock, "GONE", 0.5)
    until(lambda: is_gone(connected(), project), 30)
    take(project)
    assert connected().inspect(container) is None


def is_gone(engine: Containers, project: str) -> bool:
    found = engine_lock.holder(engine, project)
    return found is not None and found.is_gone(carrier.clock(engine))


def test_its_holder_gives_signs_of_life(project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_lock, "BEAT", 0.1)
    with engine_lock.hold(connected(), project, "invoke prod", "ann@there"):

        def seen() -> bool:
            found = engine_lock.holder(connected(), project)
            return found is not None and found.seen > found.since

        until(seen, 30)
