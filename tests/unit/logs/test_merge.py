from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from upready.logs.entry import Origin
from upready.logs.groups import Grouper
from upready.logs.merge import Feed, merge
from upready.logs.source import Line


def stamp(millisecond: int) -> str:
    return f"2026-11-29T10:00:{millisecond // 1000:02}.{millisecond % 1000:03}000000Z"


def feed(name: str, lines: Sequence[Line], size: int, taken: list[str] | None = None) -> Feed:
    def batches() -> Iterator[Sequence[Line]]:
        for at in range(0, len(lines), size):
            if taken is not None:
                taken.append(name)
            yield lines[at : at + size]

    return Feed(Grouper(Origin(name, 1, name)), batches())


@given(st.lists(st.lists(st.integers(0, 59_999), max_size=30), max_size=4), st.integers(1, 7))
def test_all_lines_in_time_order(moments: list[list[int]], size: int) -> None:
    feeds = [
        feed(str(number), [(stamp(moment), 1, f"{number}:{at}") for at, moment in enumerate(sorted(each))], size)
        for number, each in enumerate(moments)
    ]
    found = [entry for entries in merge(feeds) for entry in entries]
    assert [entry.time for entry in found] == sorted(stamp(moment) for each in moments for moment in each)
    for number, each in enumerate(moments):
        texts = [entry.text for entry in found if entry.origin.service == str(number)]
        assert texts == [f"{number}:{at}" for at in range(len(each))]


def test_a_traceback_is_not_interleaved() -> None:
    trace = [(stamp(at * 2), 2, text) for at, text in enumerate(["Traceback (most recent call last):", "  a", "E: b"])]
    other = [(stamp(at), 1, f"line {at}") for at in range(8)]
    found = [entry for entries in merge([feed("a", trace, 1), feed("b", other, 1)]) for entry in entries]
    assert "Traceback (most recent call last):\n  a\nE: b" in [entry.text for entry in found]
    assert [entry.time for entry in found] == [stamp(0), *(stamp(at) for at in range(8))]


def test_no_feed_is_read_far_ahead() -> None:
    taken: list[str] = []
    early = [(stamp(at), 1, "x") for at in range(0, 500, 10)]
    late = [(stamp(at), 1, "x") for at in range(30_000, 50_000, 200)]
    entries = merge([feed("early", early, 10, taken), feed("late", late, 10, taken)])
    next(entries)
    assert taken.count("late") == 1


def test_nothing() -> None:
    assert list(merge([])) == []
    assert [entry for entries in merge([feed("a", [], 1)]) for entry in entries] == []


def test_a_log_that_ends_within_a_traceback_is_told_to_its_last_line() -> None:
    trace = [(stamp(at), 2, text) for at, text in enumerate(["Traceback (most recent call last):", "  a"])]
    found = [entry.text for entries in merge([feed("a", trace, 1)]) for entry in entries]
    assert found == ["Traceback (most recent call last):\n  a"]
