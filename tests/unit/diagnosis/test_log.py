"""The error that stands out of a log's last lines."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.unit.replicas import container
from upready.diagnosis.log import ENOUGH, LONGEST, READ, Log, parse, read
from upready.logs.entry import Origin
from upready.logs.source import Line
from upready.runtime.interface import Container

TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no tide'


def test_a_traceback_is_picked_whole() -> None:
    log = parse([("one\n", None), (TRACE, "error"), ("shutting down", "info")])
    assert log.trouble == TRACE.split("\n")


@pytest.mark.parametrize("at", range(1, len(TRACE.split("\n"))))
def test_a_traceback_that_came_in_two_parts_is_picked_whole(at: int) -> None:
    lines = TRACE.split("\n")
    parts = ["\n".join(lines[:at]), "\n".join(lines[at:])]
    log = parse([("one", None), (parts[0], None), (parts[1], None), ("shutting down", "info")])
    assert log.trouble == lines


def test_an_error_that_is_told_beats_one_that_is_suspected() -> None:
    log = parse([("ERROR the cause", "error"), ("request failed, retrying", None), ("all denied", "info")])
    assert log.trouble == ["ERROR the cause"]


def test_a_suspicion_is_better_than_nothing() -> None:
    assert parse([("fine", None), ("cannot open the gate", None), ("bye", None)]).trouble == ["cannot open the gate"]
    assert parse([("fine", None)]).trouble == []
    # What says of itself that it is no error is none.
    assert parse([("INFO uvicorn.error: started", "info")]).trouble == []


def test_the_last_twenty_lines_are_shown_and_the_whole_error() -> None:
    many = [(f"line {chr(97 + number % 26)}", None) for number in range(60)]
    log = parse(many)
    assert log.lines[slice(*log.shown)] == tuple(text for text, _ in many[40:])
    early = parse([*many[:10], (TRACE, "error"), *many[10:]])
    assert early.lines[slice(*early.shown)][:3] == tuple(TRACE.split("\n"))


def test_control_characters_and_endless_lines() -> None:
    log = parse([("\x1b[31mred\x1b[0m\x07\x1b]0;title\x07", None), ("x" * 100_000, None)])
    assert all(line.isprintable() for line in log.lines)
    assert len(log.lines[1]) == LONGEST


class Endless:
    """A runtime whose container writes long lines, and hands them over one by one."""

    def source(self, _: str) -> Endless:
        return self

    def origin(self, container: Container) -> Origin:
        return Origin(container.service, container.replica, container.id)

    def read(self, _: Origin, *, tail: int, since: datetime | None) -> Iterator[list[Line]]:
        level = '{"level": "error", "message": "out of tea", "fields": "'
        for number in range(tail):
            yield [(f"2026-11-29T10:00:00.{number:09}Z", 1, level + f"{number} {'x' * 100_000}")]


def test_endless_lines_are_cut_while_they_are_read() -> None:
    tracemalloc.start()
    try:
        log = read(Endless(), container())  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < ENOUGH * READ * 2
    finally:
        tracemalloc.stop()
    assert all(len(line) <= LONGEST for line in log.lines)


def test_a_level_far_into_a_line_is_read_all_the_same() -> None:
    class Once(Endless):
        def read(self, _: Origin, **__: Any) -> Iterator[list[Line]]:
            text = json.dumps({"trace": "x" * 5000, "level": "error", "message": "out of tea"})
            yield [("2026-11-29T10:00:00.000000000Z", 1, "fine"), ("2026-11-29T10:00:00.000000001Z", 1, text)]

    assert read(Once(), container()).error == (1, 1)  # type: ignore[arg-type]


def test_both_streams_are_read_in_the_order_in_which_they_were_written() -> None:
    """The last entry of a stream is complete only when that stream goes on, or ends."""

    class Both(Endless):
        def read(self, _: Origin, **__: Any) -> Iterator[list[Line]]:
            said = [(2, "SyntaxError: no"), (2, "    at main (/app/a.mjs:1:1)"), (1, "sources changed, starting again")]
            yield [
                (f"2026-11-29T10:00:0{number}.000000000Z", stream, text)
                for number, (stream, text) in enumerate([*said, (1, "listening")])
            ]

    log = read(Both(), container())  # type: ignore[arg-type]
    assert log.lines[-1] == "listening"
    assert log.trace is None
    assert log.times[-1][0] - log.times[0][0] == 3


def test_nothing() -> None:
    assert Log().trouble == []
    assert Log().shown == (0, 0)


def test_lines_alike_are_told_once() -> None:
    asked = [
        (f"12:00:{second:02} ERROR GET /health 503 in {second}.5 ms id=af81ba8972a4{second:04}", "error")
        for second in range(50)
    ]
    log = parse([("listening", "info"), ("ERROR no such table: users", "error"), *asked])
    assert log.lines == ("listening", "ERROR no such table: users", "(… 49 more like the next one)", asked[-1][0])
    # The one that was told once says more than the one that was told fifty times.
    assert log.trouble == ["ERROR no such table: users"]


def test_two_alike_are_both_told() -> None:
    assert parse([("try 1", None), ("try 2", None)]).lines == ("try 1", "try 2")


def test_of_a_progress_that_overwrites_its_line_the_last_state_counts() -> None:
    progress = "".join(f"\rpulling {number} %" for number in range(100))
    log = parse([(f"start\n{progress}\rError: no such model", None), (f"{progress}\r\r", None)])
    assert log.lines == ("start", "Error: no such model", "pulling 99 %")
    assert log.error == (0, 1)


def test_a_single_carriage_return_is_kept() -> None:
    assert parse([("env: 'bash\r': No such file", None), ("one\r", None)]).lines == (
        "env: 'bash␍': No such file",
        "one",
    )
