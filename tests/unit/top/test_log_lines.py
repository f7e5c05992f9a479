"""What is kept of the logs, and shown of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from tests.unit.top.made import entry
from upready.logs.entry import Origin
from upready.logs.live import Skim
from upready.logs.query import Query
from upready.logs.source import Line
from upready.operations.logs import collect
from upready.operations.top.log_lines import KEPT, LogLines, query
from upready.support.errors import UsageError


def texts(lines: LogLines, count: int = 100, back: int = 0) -> list[str]:
    return [each.text for each in lines.last(count, back)]


def test_the_last_ones_in_order() -> None:
    lines = LogLines()
    lines.add([entry("a", second=1), entry("b", "db", 2), entry("c", second=3)])
    assert texts(lines) == ["a", "b", "c"]
    assert texts(lines, 2) == ["b", "c"]
    assert texts(lines, 2, 1) == ["a", "b"]


def test_a_flood_of_one_service_takes_no_line_of_another() -> None:
    lines = LogLines()
    lines.add([entry("quiet", "db")])
    lines.add([entry(f"loud {number}") for number in range(5 * KEPT)])
    lines.choose(query(None, "", "db"))
    assert texts(lines) == ["quiet"]


def test_a_filter_holds_for_what_has_come_and_what_comes() -> None:
    lines = LogLines()
    lines.add([entry("ERROR: one"), entry("fine")])
    lines.choose(query("error", "", ""))
    lines.add([entry("ERROR: two"), entry("fine, too")])
    assert texts(lines) == ["ERROR: one", "ERROR: two"]
    lines.choose(Query())
    assert texts(lines) == ["ERROR: one", "fine", "ERROR: two", "fine, too"]


def test_what_is_held_still_stays_and_nothing_is_lost() -> None:
    lines = LogLines()
    lines.add([entry("before")])
    lines.hold(still=True)
    lines.add([entry("after")])
    assert texts(lines) == ["before"]
    assert len(lines) == 1
    lines.hold(still=False)
    assert texts(lines) == ["before", "after"]


def test_what_is_read_again_after_a_trouble_is_shown_once_by_the_clock_of_the_engine() -> None:
    lines = LogLines()
    assert lines.again() is None
    lines.add([entry("a", second=20), entry("b", "db", 25)])
    assert lines.again() == datetime(2026, 11, 29, 10, 0, 15, tzinfo=UTC)
    lines.add([entry("a", second=20), entry("late", second=22), entry("b", "db", 25), entry("new", "db", 26)])
    lines.add([entry("first", "other", 1)])
    assert texts(lines) == ["a", "b", "late", "new", "first"]


def test_a_wrong_pattern_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a valid regular expression"):
        query(None, "(", "")


class Past:
    """A source with a loud replica, and a quiet one that has written one line, before all others."""

    def read(self, origin: Origin, *, tail: int, **_: object) -> Iterator[Sequence[Line]]:
        loud = origin.service == "loud"
        lines = [(entry(str(number), second=number // 20).time, 1, str(number)) for number in range(1000)]
        yield lines[1:][-tail:] if loud else lines[:1]


def test_a_quiet_service_has_its_lines_from_the_start() -> None:
    origins = [Origin("loud", 1, "loud"), Origin("quiet", 1, "quiet")]
    asked = Query(tail=200)
    found = [each for some in collect(Past(), asked, origins, skim=Skim()) for each in some]  # type: ignore[arg-type]
    assert [each.text for each in found if each.origin.service == "quiet"] == ["0"]
    assert sum(each.origin.service == "loud" for each in found) == 200
    # Without a screen it is so many of all together.
    found = [each for some in collect(Past(), asked, origins) for each in some]  # type: ignore[arg-type]
    assert {each.origin.service for each in found} == {"loud"}
