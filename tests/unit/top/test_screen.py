"""What the live screen takes in from behind it, without a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rich.console import Console

from tests.unit.top.made import SHOP
from upready.diagnosis import Failure
from upready.report.top.screen import Errands, Screen
from upready.support.errors import EngineError

WORDS = {"api": "api is well", "db": "db does not answer"}


def failure(service: str) -> Failure:
    return Failure(service, 1, "refused", WORDS[service], [], "")


class Slow:
    """A stack whose diagnoses come when the test says so."""

    def __init__(self) -> None:
        self.may_come = {name: threading.Event() for name in WORDS}
        self.lines: Any = None

    def state(self) -> Any:
        return SHOP

    def diagnose(self, name: str) -> Failure:
        assert self.may_come[name].wait(60)
        return failure(name)


def screen(gathering: Any, aside: Callable[..., tuple[int, list[str]]] = lambda _: (0, [])) -> Screen:
    return Screen(gathering, Errands(lambda _: 0, aside), Console(width=80), Any, "dev")  # type: ignore[arg-type]


def collected(of: Screen) -> None:
    """Wait until something has come, and take it in."""
    while not of._collect():
        pass


def shown(of: Screen) -> str:
    return "\n".join("".join(text for text, _ in line) for line in of._panel(80))


def test_of_two_diagnoses_the_one_that_was_asked_for_last_is_shown() -> None:
    stack = Slow()
    it = screen(stack)
    for key in ("d", "esc", "down", "d"):
        it._press(key)
    stack.may_come["db"].set()
    collected(it)
    stack.may_come["api"].set()
    for each in threading.enumerate():
        if each.name == "background":
            each.join(60)
    it._collect()
    assert WORDS["db"] in shown(it)
    assert WORDS["api"] not in shown(it)


def test_what_cannot_be_opened_is_told_below() -> None:
    def aside(_: object) -> tuple[int, list[str]]:
        raise EngineError("the engine is gone")

    it = screen(Slow(), aside)
    it._press("o")
    collected(it)
    assert (it._view.note, it._view.bad) == ("open api: the engine is gone", True)
