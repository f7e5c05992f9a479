"""Services are started in the order that they ask for, and nothing is started any more once that is over."""

from __future__ import annotations

import threading

import pytest

from upready.runtime import startup_order
from upready.support.errors import StartError

HEALTHY = "service_healthy"


class Stack:
    """Services whose start is noted, and which meet any condition as soon as they have started and `ready` says so."""

    def __init__(self, *, late: str = "", broken: str = "") -> None:
        self.started: list[str] = []
        self.asked: list[tuple[str, str, str]] = []
        self.cancel = threading.Event()
        self.late, self.broken = late, broken

    def begin(self, name: str, _: threading.Event) -> None:
        if name == self.broken:
            raise StartError(f"{name} is broken")
        self.started.append(name)

    def reached(self, name: str, other: str, condition: str, over: threading.Event) -> bool:
        assert other in self.started
        self.asked.append((name, other, condition))
        if other == self.late:
            self.cancel.set()
            assert over.wait(60)
            return False
        return len(self.asked) > 3

    def start(self, after: dict[str, dict[str, str]]) -> None:
        startup_order.start(after, self.begin, self.reached, self.cancel)


def test_each_waits_for_what_it_asks_for() -> None:
    stack = Stack()
    stack.start({"web": {"api": HEALTHY}, "api": {"db": HEALTHY}, "db": {}})
    assert stack.started == ["db", "api", "web"]
    assert set(stack.asked) == {("api", "db", HEALTHY), ("web", "api", HEALTHY)}


def test_what_is_not_to_be_started_is_taken_to_be_there() -> None:
    stack = Stack()
    stack.start({"web": {"db": HEALTHY}})
    assert stack.started == ["web"]


def test_one_that_does_not_start_ends_it_all() -> None:
    stack = Stack(broken="db")
    with pytest.raises(StartError, match="db is broken"):
        stack.start({"web": {"db": HEALTHY}, "db": {}})
    assert stack.started == []


def test_nothing_is_started_after_a_cancel() -> None:
    stack = Stack(late="db")
    stack.start({"web": {"db": HEALTHY}, "db": {}})
    assert stack.started == ["db"]
