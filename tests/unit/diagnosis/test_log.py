"""The error that stands out of a log's last lines."""

from __future__ import annotations

from ops.diagnosis.log import LONGEST, Log, parse

TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no tide'


def test_a_traceback_is_picked_whole() -> None:
    log = parse([("one\n", None), (TRACE, "error"), ("shutting down", "info")])
    assert log.trouble == TRACE.split("\n")


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
