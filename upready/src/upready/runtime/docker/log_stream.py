"""Turn the bytes of the engine's log stream into lines.

Frames (https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach): one byte
for the stream, three zeros, four bytes of length, and that many bytes. A container with a terminal has none.
Every frame begins with a time, because it was asked for; one without a line end is a piece of a long line, which the
engine splits at 16 KiB, also in the middle of a character. All pieces of a line bear its time.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from upready.logs.source import Line
from upready.support import times

if TYPE_CHECKING:
    from requests import Response

LONGEST = 1 << 20
"""Bytes after which a line without an end is passed on in parts: memory is finite."""

_STAMP = 30
"""Characters of the engine's time: `2026-11-29T10:00:00.123456789Z`."""

_PIECE = 16 * 1024
_TERMINAL_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")
_READ = 64 * 1024
_ORDINARY = re.compile(rb"([0-9a-f]+)\r\n([\x01\x02])\0\0\0.{4}(\d{4}-.{24}Z) ([^\n]*)\n\r\n", re.DOTALL)
_AROUND = 2 + 8 + _STAMP + 1 + 1 + 2
"""Bytes of such a chunk besides its length and the text."""

_length = struct.Struct(">I").unpack_from


def open_parts(response: Response) -> tuple[Iterator[bytes], bool]:
    """The bytes of a response as they arrive, and whether they are HTTP chunks or bare."""
    raw: Any = response.raw._fp
    if not getattr(raw, "chunked", False) or response.headers.get("Content-Encoding"):
        return response.iter_content(_READ), False
    return iter(partial(raw.fp.read1, _READ), b""), True


def read_lines(parts: Iterable[bytes], decoder: Frames | Terminal, *, chunked: bool) -> Iterator[list[Line]]:
    """The lines of a response as they arrive, in batches.

    The engine sends each line in its own HTTP chunk. To take these apart one by one, as urllib3 does, costs more than
    everything else that happens to a line. So runs of ordinary lines are parsed at once (`bench.logs`).

    Args:
        parts: The bytes as they came from the connection.
        decoder: Decodes the content of the chunks.
        chunked: Whether they are HTTP chunks (RFC 9112, 7.1), or bare.

    Raises:
        ConnectionError: The connection dropped before the end.
    """
    rest = b""
    for part in parts:
        if not chunked:
            yield decoder.feed(part)
            continue
        data = rest + part if rest else part
        found, rest = ([], data) if decoder.pending else _ordinary(data)
        if not found:
            payload, rest, ended = _dechunk(data)
            found = decoder.feed(payload)
            if ended:
                yield found
                return
        yield found
    if chunked:
        raise ConnectionError("the engine closed the connection")


def _ordinary(data: bytes) -> tuple[list[Line], bytes]:
    """The lines of all complete chunks, and the rest; no lines if a chunk is not one frame with one line."""
    end = data.rfind(b"\n\r\n") + 3
    found = _ORDINARY.findall(data, 0, end)
    if not found:
        return [], data
    sizes, streams, stamps, texts = zip(*found, strict=True)
    # Nothing was skipped only if the lines cover all bytes.
    if sum(map(len, sizes)) + sum(map(len, texts)) + _AROUND * len(found) != end:
        return [], data
    stamped = b"\n".join(stamps).decode("ascii", "replace").split("\n")
    return list(
        zip(stamped, b"".join(streams), b"\n".join(texts).decode("utf-8", "replace").split("\n"), strict=True)
    ), data[end:]


def _dechunk(data: bytes) -> tuple[bytes, bytes, bool]:
    """The content of the complete chunks, the rest, and whether the last chunk has come."""
    parts: list[bytes] = []
    start = 0
    while (head := data.find(b"\r\n", start)) >= 0:
        size = int(data[start:head], 16)
        stop = head + 2 + size
        if stop + 2 > len(data):
            break
        if size == 0:
            return b"".join(parts), b"", True
        parts.append(data[head + 2 : stop])
        start = stop + 2
    return b"".join(parts), data[start:], False


class Frames:
    """Lines from a stream of frames."""

    def __init__(self) -> None:
        self._rest = b""
        self._pieces: dict[int, tuple[str, list[bytes]]] = {}

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that a chunk completes."""
        data = self._rest + chunk if self._rest else chunk
        lines: list[Line] = []
        append, pieces = lines.append, self._pieces
        start, end = 0, len(data)
        while start + 8 <= end:
            stop = start + 8 + _length(data, start + 4)[0]
            if stop > end:
                break
            stream = data[start]
            blank = start + 8 + _STAMP
            if data[stop - 1] == 10 and blank + 1 < stop and data[blank] == 32 and stream not in pieces:
                text = data[blank + 1 : stop - 1].decode("utf-8", "replace")
                append((data[start + 8 : blank].decode("ascii"), stream, text))
            elif stop > start + 8:
                self._unusual(stream, data[start + 8 : stop], lines)
            start = stop
        self._rest = data[start:]
        return lines

    @property
    def pending(self) -> bool:
        """Whether part of a line has come."""
        return bool(self._rest or self._pieces)

    def unfinished(self) -> list[Line]:
        """Lines whose end has not come."""
        return [(time, stream, _text(b"".join(pieces))) for stream, (time, pieces) in self._pieces.items()]

    def _unusual(self, stream: int, frame: bytes, lines: list[Line]) -> None:
        """A piece of a long line, the last one, or a line with another engine's notation of time."""
        time, text = _split(frame)
        if stream in self._pieces and self._pieces[stream][0] != time:
            # Not a piece of the same line: the container ended without a line end, and this is from its next run.
            ended, held = self._pieces.pop(stream)
            lines.append((ended, stream, _text(b"".join(held))))
        time, pieces = self._pieces.pop(stream, (time, []))
        pieces.append(text)
        if text.endswith(b"\n") or sum(map(len, pieces)) >= LONGEST:
            lines.append((time, stream, _text(b"".join(pieces))))
        else:
            self._pieces[stream] = (time, pieces)


class Terminal:
    """Lines from the stream of a container with a terminal: no frames, and stderr is stdout."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that a chunk completes."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) >= LONGEST:
            whole.append(self._rest)
            self._rest = b""
        return [self._line(line) for line in whole]

    pending = True
    """A chunk is never certain to be a whole line."""

    def unfinished(self) -> list[Line]:
        """The line whose end has not come."""
        return [self._line(self._rest)] if len(self._rest) > _STAMP else []

    def _line(self, line: bytes) -> Line:
        time, text = _split(line)
        # Without frames, each further piece of a long line just begins with its time again.
        at = _PIECE
        while at < len(text) and (again := _TERMINAL_STAMP.match(text, at)):
            text = text[:at] + text[again.end() :]
            at += _PIECE
        return time, 1, _text(text.removesuffix(b"\r"))


def _split(line: bytes) -> tuple[str, bytes]:
    """The time and the text; a line without a time, which no engine should send, gets the current time."""
    stamp, _, text = line.partition(b" ")
    try:
        return times.normalise(stamp.decode("ascii")), text
    except ValueError:
        return times.stamp(datetime.now(UTC)), line


def _text(line: bytes) -> str:
    return line.removesuffix(b"\n").decode("utf-8", "replace")
