from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upready.logs.cursor import Mark
from upready.logs.source import Line


def stamp(second: int) -> str:
    return f"2026-11-29T10:00:{second:02}.000000000Z"


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([1, 2]))),
    st.integers(0, 40),
)
def test_reading_on_loses_and_doubles_nothing(steps: list[tuple[int, int]], stop: int) -> None:
    """Lines in the order written, many of one time; reading stops somewhere and goes on at `after`."""
    second = {1: 0, 2: 0}
    lines: list[Line] = []
    for step, stream in steps:
        # Within a stream times never go back; a step of 0 is another line of the same time.
        second[stream] = min(59, max(second[stream], max(second.values()) - 1) + step // 4)
        lines.append((stamp(second[stream]), stream, str(len(lines))))
    mark = Mark()
    first = [line for some in mark.noting([lines[:stop]]) for line in some]
    again = [line for line in lines if mark.after is None or line[0] >= mark.after]
    rest = [line for some in mark.resume([again[:3], again[3:]]) for line in some]
    assert first + rest == lines


def test_where_to_begin() -> None:
    assert Mark().after is None
    assert Mark(stamp(7)).after == stamp(7)
    mark = Mark(stamp(7))
    mark.note([(stamp(20), 1, "x")])
    assert mark.after == stamp(19)


def test_after_the_first_new_line_a_clock_may_go_back() -> None:
    mark = Mark()
    mark.note([(stamp(10), 1, "seen")])
    batches = [[(stamp(10), 1, "seen"), (stamp(11), 1, "new")], [(stamp(5), 1, "the clock was set")]]
    assert [text for some in mark.resume(batches) for _, _, text in some] == ["new", "the clock was set"]


def test_what_is_older_than_the_last_lines_is_not_told_after_them() -> None:
    """The other stream wrote within the second that is read again, and not among the last lines."""
    mark = Mark()
    assert list(mark.noting([[(stamp(10), 1, "last")]], cut=True)) == [[(stamp(10), 1, "last")]]
    again = [(stamp(9), 2, "older"), (stamp(10), 1, "last"), (stamp(10), 2, "new"), (stamp(9), 2, "the clock was set")]
    assert [text for some in mark.resume([again]) for _, _, text in some] == ["new", "the clock was set"]
