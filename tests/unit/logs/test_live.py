"""Following, with a source in memory: the real one is under test in tests/engine/test_logs.py."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from upready.logs.cursor import Mark
from upready.logs.entry import Entry, Origin
from upready.logs.live import FULL, LINE, Inbox, Live, Skim
from upready.logs.source import Line
from upready.support.errors import EngineError

A, B = Origin("a", 1, "a"), Origin("b", 1, "b")


def stamp(millisecond: int) -> str:
    return f"2026-11-29T10:00:{millisecond // 1000:02}.{millisecond % 1000:03}000000Z"


@dataclass
class Memory:
    """A source whose lines a test puts in; None in a queue ends one run of a replica."""

    lines: dict[Origin, queue.Queue[list[Line] | None]] = field(default_factory=dict)
    starts: queue.Queue[Origin | None] = field(default_factory=queue.Queue)
    asked: list[str | None] = field(default_factory=list)
    gone: bool = False

    def add(self, origin: Origin) -> queue.Queue[list[Line] | None]:
        return self.lines.setdefault(origin, queue.Queue())

    def follow(self, origin: Origin, after: str | None) -> Iterator[Sequence[Line]]:
        self.asked.append(after)
        while (some := self.lines[origin].get()) is not None:
            yield some

    def running(self, origin: Origin) -> bool | None:
        self.check()
        return False

    def changes(self) -> Iterator[Origin]:
        while (started := self.starts.get()) is not None:
            yield started
        threading.Event().wait()

    def check(self) -> None:
        if self.gone:
            raise EngineError("the engine is gone")

    def close(self) -> None:
        for each in [*self.lines.values(), self.starts]:
            each.put(None)  # type: ignore[arg-type]


def take(entries: Iterator[list[Entry]], count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += [entry.text for entry in next(entries)]
    return found


def test_lines_of_a_tick_are_put_in_order() -> None:
    source = Memory()
    for origin in (A, B):
        source.add(origin)
    entries = Live(source, {A: Mark(), B: Mark()}).entries()  # type: ignore[arg-type]
    source.lines[B].put([(stamp(2), 1, "second"), (stamp(4), 1, "fourth")])
    source.lines[A].put([(stamp(1), 1, "first"), (stamp(3), 1, "third")])
    assert take(entries, 4) == ["first", "second", "third", "fourth"]
    entries.close()  # type: ignore[attr-defined]


def test_a_restart_doubles_nothing() -> None:
    source = Memory()
    lines = source.add(A)
    entries = Live(source, {A: Mark(stamp(0))}).entries()  # type: ignore[arg-type]
    lines.put([(stamp(5000), 1, "one"), (stamp(5000), 1, "two")])
    assert take(entries, 2) == ["one", "two"]
    lines.put(None)
    # The engine gives the last second again, and what is new.
    lines.put([(stamp(5000), 1, "one"), (stamp(5000), 1, "two"), (stamp(5000), 1, "three"), (stamp(6000), 1, "four")])
    source.starts.put(A)
    assert take(entries, 2) == ["three", "four"]
    assert source.asked == [stamp(0), stamp(4000)]
    entries.close()  # type: ignore[attr-defined]


def test_a_replica_that_comes_later_is_read_from_its_beginning() -> None:
    source = Memory()
    entries = Live(source, {}).entries()  # type: ignore[arg-type]
    source.add(B).put([(stamp(1), 1, "born")])
    source.starts.put(B)
    assert take(entries, 1) == ["born"]
    assert source.asked == [None]
    entries.close()  # type: ignore[attr-defined]


def test_what_came_is_shown_before_the_end_is_told() -> None:
    source = Memory()
    source.add(A).put([(stamp(1), 1, "last words")])
    source.lines[A].put(None)
    source.gone = True
    found: list[str] = []
    with pytest.raises(EngineError, match="gone"):
        for some in Live(source, {A: Mark()}).entries():  # type: ignore[arg-type]
            found += [entry.text for entry in some]
    assert found == ["last words"]


def test_silence_is_checked() -> None:
    source = Memory(gone=True)
    source.add(A)
    with pytest.raises(EngineError, match="gone"):
        next(Live(source, {A: Mark()}).entries())  # type: ignore[arg-type]


def test_an_unfinished_traceback_is_waited_for_but_not_for_long() -> None:
    source = Memory()
    lines = source.add(A)
    entries = Live(source, {A: Mark()}).entries()  # type: ignore[arg-type]
    began = time.monotonic()
    lines.put([(stamp(1), 2, "Traceback (most recent call last):")])
    assert take(entries, 1) == ["Traceback (most recent call last):"]
    assert 0.05 < time.monotonic() - began < 30
    entries.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("text", "count"), [("", FULL // LINE + 1), ("x" * 1_000_000, 9)], ids=["many", "long"])
def test_reading_pauses_while_too_much_waits(text: str, count: int) -> None:
    inbox = Inbox()
    many = [(stamp(0), 1, text)] * count
    inbox.put(A, many)
    done = threading.Event()
    writer = threading.Thread(target=lambda: (inbox.put(A, many), done.set()))
    writer.start()
    assert not done.wait(0.05)
    assert len(inbox.take(0)) == 1
    assert done.wait(60)
    writer.join()


def test_a_skim_keeps_the_last_lines_and_counts_the_others() -> None:
    skim = Skim(room=10, least=2)
    skim.put(A, [(stamp(number), 1, str(number)) for number in range(25)])
    skim.put(A, [(stamp(25), 1, "25")])
    taken = dict(skim.take())
    assert [text for _, _, text in taken[A]] == [str(number) for number in range(16, 26)]
    assert skim.dropped == 16
    assert skim.take() == []


def test_a_skim_leaves_each_replica_its_share() -> None:
    skim = Skim(room=10, least=2)
    skim.put(A, [(stamp(1), 1, "quiet")])
    skim.put(B, [(stamp(number), 1, str(number)) for number in range(1000)])
    taken = dict(skim.take())
    assert [text for _, _, text in taken[A]] == ["quiet"]
    assert len(taken[B]) == 5


def test_a_flood_is_followed_without_waiting_for_who_looks() -> None:
    source = Memory()
    source.add(A)
    skim = Skim(tick=0.01, room=100)
    live = Live(source, {A: Mark()}, skim=skim)  # type: ignore[arg-type]
    entries = live.entries()
    for start in range(0, 50_000, 1000):
        source.lines[A].put([(stamp(number), 1, str(number)) for number in range(start, start + 1000)])
    seen: list[str] = []
    while "49999" not in seen:
        seen += [each.text for each in next(entries)]
    assert skim.dropped + len(seen) == 50_000
    entries.close()  # type: ignore[attr-defined]
