"""Who has made a container for the record or the lock, and whether that process still lives."""

from __future__ import annotations

import subprocess
import sys

import pytest

from upready.releases import carrier


def test_this_process_has_not_ended() -> None:
    assert not carrier.has_ended(carrier.maker())
    # Made by an earlier version, which did not tell when it began.
    assert not carrier.has_ended(
        {carrier.MACHINE: carrier.machine(), carrier.PROCESS: carrier.maker()[carrier.PROCESS]}
    )


def test_nobody_knows_of_another_machine() -> None:
    assert not carrier.has_ended({**carrier.maker(), carrier.MACHINE: "another", carrier.PROCESS: "999999999"})
    assert not carrier.has_ended({})


def test_a_process_that_has_the_number_of_an_earlier_one_is_another() -> None:
    assert carrier.has_ended({**carrier.maker(), carrier.BEGAN: "1000.0"})


@pytest.mark.parametrize("waited", [True, False])
def test_one_that_was_killed_has_ended(waited: bool) -> None:
    made = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    labels = {carrier.MACHINE: carrier.machine(), carrier.PROCESS: str(made.pid)}
    assert not carrier.has_ended(labels)
    made.kill()
    if waited:
        made.wait()
    else:
        import psutil

        # Its parent has not asked yet how it ended.
        while sys.platform != "win32" and psutil.Process(made.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        if sys.platform == "win32":
            made.wait()
    assert carrier.has_ended(labels)
    made.communicate()
