from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upready.logs.cursor import Mark
from upready.logs.source import Line
from upready.runtime.docker.log_stream import LONGEST, Frames, Terminal, read_lines

PIECE = 16 * 1024


def stamp(number: int) -> str:
    return f"2026-11-29T10:00:00.{number:09d}Z"


def frame(stream: int, time: str, text: bytes) -> bytes:
    payload = time.encode() + b" " + text
    return struct.pack(">BxxxI", stream, len(payload)) + payload


def frames(lines: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """The frames of lines as the engine sends them: pieces of 16 KiB, all with the line's time."""
    made = []
    for number, (stream, text) in enumerate(lines):
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)] or [b""]
        pieces[-1] += b"\n"
        made += [frame(stream, stamp(number), piece) for piece in pieces]
    return made


def chunked(parts: Sequence[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def expected(lines: Sequence[tuple[int, bytes]]) -> list[Line]:
    return [(stamp(number), stream, text.decode("utf-8", "replace")) for number, (stream, text) in enumerate(lines)]


texts = st.one_of(
    st.binary(max_size=60).map(lambda text: text.replace(b"\n", b"")),
    st.text(max_size=60).map(lambda text: text.replace("\n", "").encode("utf-8", "replace")),
    # Looks like the protocol itself.
    st.just(b"\r"),
    st.just(b"a\r\x01\x00\x00\x00"),
    st.just("é".encode() * PIECE + b"x"),
)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), texts), max_size=20), st.lists(st.integers(0, 10**6), max_size=12))
def test_lines_are_the_same_however_they_come(lines: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = chunked(frames(lines))
    found = [line for some in read_lines(cut(data, cuts), Frames(), chunked=True) for line in some]
    assert found == expected(lines)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), texts), max_size=20), st.lists(st.integers(0, 10**6), max_size=12))
def test_bare_bytes_give_the_same_lines_as_http_chunks(lines: list[tuple[int, bytes]], cuts: list[int]) -> None:
    whole = frames(lines)
    bare = [line for some in read_lines(cut(b"".join(whole), cuts), Frames(), chunked=False) for line in some]
    chunks = [line for some in read_lines([chunked(whole)], Frames(), chunked=True) for line in some]
    assert bare == chunks


def test_pieces_of_two_streams_may_alternate() -> None:
    decoder = Frames()
    found = decoder.feed(
        frame(1, stamp(1), b"a" * PIECE)
        + frame(2, stamp(2), b"e" * PIECE)
        + frame(1, stamp(1), b"A\n")
        + frame(2, stamp(2), b"E\n")
    )
    assert found == [(stamp(1), 1, "a" * PIECE + "A"), (stamp(2), 2, "e" * PIECE + "E")]


def test_a_line_without_end_is_unfinished() -> None:
    decoder = Frames()
    assert decoder.feed(frame(1, stamp(1), b"begun")) == []
    assert decoder.unfinished() == [(stamp(1), 1, "begun")]


def test_a_run_that_ends_without_a_line_end_is_not_joined_with_the_next_one() -> None:
    first, last, begin = (frame(1, stamp(number), text) for number, text in enumerate((b"one\n", b"two", b"three\n")))
    ended = Frames()
    found = [*ended.feed(first + last), *ended.unfinished()]
    mark = Mark()
    mark.note(found)
    # After a restart the engine gives the last second again.
    again = list(mark.resume([Frames().feed(first + last + begin)]))
    assert [text for _, _, text in [*found, *again[0]]] == ["one", "two", "three"]


def test_a_line_too_long_for_memory_comes_in_parts() -> None:
    decoder = Frames()
    found = [line for _ in range(100) for line in decoder.feed(frame(1, stamp(1), b"x" * PIECE))]
    assert [len(text) for _, _, text in found] == [LONGEST]
    assert len(decoder.unfinished()[0][2]) == 100 * PIECE - LONGEST


def test_what_the_engine_itself_says_has_no_time() -> None:
    payload = b"Error grabbing logs: unexpected EOF\n"
    ((time, stream, text),) = Frames().feed(struct.pack(">BxxxI", 2, len(payload)) + payload)
    assert (len(time), stream, text) == (30, 2, "Error grabbing logs: unexpected EOF")


def test_a_connection_that_drops_is_no_end() -> None:
    data = chunked(frames([(1, b"one"), (1, b"two")]))
    found: list[Line] = []
    with pytest.raises(ConnectionError):
        for some in read_lines([data[:-20]], Frames(), chunked=True):
            found += some
    assert found == [(stamp(0), 1, "one")]


def test_a_terminal() -> None:
    long = b"y" * (PIECE * 2 + 5)
    pieces = [long[:PIECE], long[PIECE : PIECE * 2], long[PIECE * 2 :] + b"\r\n"]
    data = stamp(1).encode() + b" first\r\n" + b"".join(stamp(2).encode() + b" " + piece for piece in pieces)
    decoder = Terminal()
    found = [line for byte in cut(data, range(0, len(data), 7)) for line in decoder.feed(byte)]
    assert found == [(stamp(1), 1, "first"), (stamp(2), 1, long.decode())]
    assert decoder.unfinished() == []
    decoder.feed(stamp(3).encode() + b" prompt> ")
    assert decoder.unfinished() == [(stamp(3), 1, "prompt> ")]
