"""Who has made a container for the record or the lock, and whether that process still lives."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from upready.releases import carrier

NOW = datetime(2026, 11, 29, 13, 29, 35, tzinfo=UTC).timestamp()
TIMES = ("2026-11-29T13:29:35.70063688Z", "2026-11-29T14:29:35.700636881+01:00", "2026-11-29T08:29:35-05:00")


@pytest.mark.parametrize("text", TIMES)
def test_the_engine_tells_its_time_in_the_zone_of_its_machine(text: str) -> None:
    engine: Any = SimpleNamespace(client=SimpleNamespace(info=lambda: {"SystemTime": text}))
    assert carrier.clock(engine) == NOW


@pytest.mark.parametrize("text", TIMES)
def test_only_what_is_left_over_is_swept(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [{"Id": name, "Labels": {}, "Created": int(NOW) - ago} for name, ago in (("in use", 1), ("left", 3000))]
    api = SimpleNamespace(containers=lambda **_: made)
    engine: Any = SimpleNamespace(client=SimpleNamespace(info=lambda: {"SystemTime": text}, api=api))
    gone: list[str] = []
    monkeypatch.setattr(carrier, "remove", lambda _, container: gone.append(container))
    carrier.sweep(engine, "upready.record", "shop")
    assert gone == ["left"]


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
