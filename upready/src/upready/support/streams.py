"""The three standard streams, kept usable whatever happens: closed from the start, full, or without a reader.

A task that changes something goes on if nobody reads any more. So writing never raises here: the error is kept, and
further output is dropped. The streams themselves do this, because Rich, invoke, threads and Python's last flush write.

    python -m upready.support.streams MODULE ARGUMENTS…

runs another Python program with such streams.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import runpy
import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from upready.support import platform
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN

_GONE = {errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN, errno.ENOTCONN, errno.ENXIO, errno.EBADF}
"""Errors that mean: nobody reads any more, or nobody ever could."""

_NAMES = ("stdin", "stdout", "stderr")


class LostError(Exception):
    """Nothing can be printed any more, and there is nothing else to do."""


@dataclass
class _State:
    """What is known about the streams of this process.

    Attributes:
        no_input: What replaces a standard input that was closed from the start.
        lost: The streams that cannot be written any more, each with the reason; empty if nobody reads.
    """

    no_input: TextIO | None = None
    lost: dict[str, str] = field(default_factory=dict)


_state = _State()


class _Lasting(io.TextIOWrapper):
    """A text stream that never raises when it is written.

    The layers below are Python's own: a layer written in Python could write twice after a Ctrl-C.
    """

    def __init__(self, name: str, stream: io.TextIOWrapper) -> None:
        super().__init__(
            stream.buffer,
            encoding="utf-8",
            errors="replace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        self._owner = stream  # which would close it
        self._stream = name
        self._terminal = stream.isatty()

    def write(self, text: str, /) -> int:
        """Write a text; if the stream is lost, the text is dropped."""
        if self._stream not in _state.lost:
            with self._noting():
                super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write the text that is buffered."""
        if self._stream not in _state.lost:
            with self._noting():
                super().flush()

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            gone = error.errno in _GONE or (self._terminal and error.errno == errno.EIO) or _pipe_on_windows(error)
            _state.lost[self._stream] = "" if gone else error.strerror or str(error)


def prepare() -> None:
    """Make the streams of this process usable whatever happens, and write UTF-8 on every system.

    Characters that UTF-8 cannot write are replaced. A closed stream becomes the null device, also for children:
    otherwise the next file that is opened would get its number. May be called again.
    """
    for number, name in enumerate(_NAMES):
        if getattr(sys, name) is None:
            setattr(sys, name, _null(number))
            _state.no_input = sys.stdin if name == "stdin" else _state.no_input
    for name in _NAMES[1:]:
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(encoding="utf-8", errors="replace")
        if _writes_to_the_system(stream):
            with contextlib.suppress(OSError):
                stream.flush()
                _wait_for_room(stream.fileno())
            setattr(sys, name, _Lasting(name, stream))


def no_input() -> bool:
    """Whether standard input was closed from the start, rather than empty."""
    return sys.stdin is _state.no_input


def typed() -> bool:
    """Whether a person can type at standard input, and sees standard output."""
    try:
        return sys.stdin.isatty() and sys.stdout.isatty()
    except ValueError:  # closed
        return False


def lost(name: str) -> bool:
    """Whether a stream cannot be written any more."""
    return name in _state.lost


def problem() -> str:
    """Why standard output could not be written; empty if it could, or if nobody reads it."""
    return _state.lost.get("stdout", "")


def read_line() -> str:
    """A line of standard input with its line end; empty at the end of the input.

    Raises:
        UsageError: It cannot be read.
        UnicodeError: It is not text.
    """
    with _reading():
        return sys.stdin.readline()


def read_all() -> bytes:
    """Standard input to its end.

    Raises:
        UsageError: It cannot be read.
    """
    with _reading():
        return sys.stdin.buffer.read()


def check(*, look: bool = False) -> None:
    """End a task that only prints, if nobody would read it.

    Args:
        look: Also look whether a pipe has lost its reader, though nothing is written now. Windows cannot tell.

    Raises:
        LostError: Standard output cannot be written any more.
    """
    if "stdout" in _state.lost or (look and _unread()):
        _state.lost.setdefault("stdout", "")
        raise LostError


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Open only for writing, or the terminal is gone.
        raise UsageError(
            f"standard input cannot be read: {error.strerror or error}",
            next=f"with another standard input (< FILE, or | before it): {AGAIN}",
        ) from error


def _null(number: int) -> TextIO:
    """A stream that is always empty and takes everything, with the number of a standard stream if that is free."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    if descriptor == number:
        os.set_inheritable(descriptor, True)
    # As Python's own three streams, it is not closed.
    return open(descriptor, "w" if number else "r", encoding="utf-8", errors="replace", closefd=False)


def _writes_to_the_system(stream: Any) -> bool:
    """Whether Python made the stream; one that a test put in its place is left alone."""
    if type(stream) is not io.TextIOWrapper:
        return False
    return isinstance(getattr(stream.buffer, "raw", stream.buffer), io.RawIOBase)


def _wait_for_room(descriptor: int) -> None:
    """Let a write wait until there is room; another program may have changed this for a pipe that it shares with us."""
    if hasattr(os, "set_blocking"):  # not on every Windows
        os.set_blocking(descriptor, True)


def _pipe_on_windows(error: OSError) -> bool:
    """Whether this is the error of Windows for a pipe without a reader."""
    return platform.WINDOWS and error.errno == errno.EINVAL


def _unread() -> bool:
    """Whether standard output is a pipe or a socket whose other end is closed."""
    if not hasattr(select, "poll"):
        return False
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLERR)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    prepare()
    sys.argv[:] = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
