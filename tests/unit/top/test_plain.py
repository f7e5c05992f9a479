"""The plain text of `invoke top`, for whoever has no terminal."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from tests.unit.top.made import WORKER, state
from upready.report.top import plain


class LostError(Exception):
    """Nobody reads any more."""


def test_it_ends_with_its_reader_also_where_something_changes_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*, look: bool) -> None:
        assert look
        raise LostError

    monkeypatch.setattr(plain.streams, "check", check)
    state = SimpleNamespace(trouble="", rows=(), project="shop", environment="dev", runtime="docker")
    changed = threading.Event()
    changed.set()
    gathering: Any = SimpleNamespace(state=lambda: state, bug=None, changed=changed)
    reports = plain._reports(gathering)
    assert next(reports).project == "shop"
    with pytest.raises(LostError):
        next(reports)


def test_what_stands_at_the_end_finds_the_stack_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(width=80)
    plain.last(state(asked="native"), console)
    plain.last(state(WORKER, status="unhealthy", asked="native"), console)
    plain.last(state(), console)
    steps = [line for line in capsys.readouterr().out.splitlines() if "next: " in line]
    assert [step.partition("invoke ")[2] for step in steps] == [
        "dev --runtime native",
        "diagnose --runtime native",
        "dev",
    ]
