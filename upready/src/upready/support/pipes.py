"""Programs whose input and output are bytes: streamed through pipes, so that no more than a piece is in memory."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from upready.support import platform, process

PIECE = 1 << 18
"""Bytes that are read at once."""

_KEPT = 40
"""Lines of standard error that are kept, the last ones."""


class Readable(Protocol):
    """Something to read bytes from: a file, a pipe, a part of an archive."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""


class Writable(Protocol):
    """Something to write bytes to."""

    def write(self, data: bytes, /) -> object:
        """Write all of it."""


class ProgramError(Exception):
    """A program did not end with 0.

    Attributes:
        code: Its exit code; negative for a signal.
        said: The last lines of its standard error.
        gone: Whether it was ended because what it talks to stopped answering.
    """

    def __init__(self, code: int, said: Sequence[str], *, gone: bool = False) -> None:
        super().__init__(said[-1] if said else f"exit code {code}")
        self.code = code
        self.said = list(said)
        self.gone = gone


@dataclass(frozen=True)
class Call:
    """How a program is called.

    Attributes:
        command: The program and its arguments.
        cwd: The folder that it runs in; None for the current one.
        env: All its variables; None for those of this process.
        watch: Gives an event for as long as the program runs; when that is set, the program is killed.
    """

    command: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    watch: Callable[[], AbstractContextManager[threading.Event | None]] = contextlib.nullcontext


class Child:
    """A program that runs: its standard input and output are bytes."""

    def __init__(self, running: subprocess.Popen[bytes]) -> None:
        self._running = running
        self._said: deque[str] = deque(maxlen=_KEPT)
        self._reader = threading.Thread(target=self._keep, name="stderr", daemon=True)
        self._reader.start()

    @property
    def stdin(self) -> IO[bytes]:
        """What it reads."""
        assert self._running.stdin is not None  # noqa: S101 - Popen gives one for a pipe
        return self._running.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """What it writes."""
        assert self._running.stdout is not None  # noqa: S101 - see above
        return self._running.stdout

    def wait(self, *, gone: bool = False) -> None:
        """Close its input, and wait for its end.

        Raises:
            ProgramError: It did not end with 0.
        """
        with contextlib.suppress(OSError):
            self.stdin.close()
        code = self._running.wait()
        self._reader.join(5)
        if code:
            raise ProgramError(code, list(self._said), gone=gone)

    def _keep(self) -> None:
        assert self._running.stderr is not None  # noqa: S101 - see above
        # Where the block fails, its pipes may be closed before this thread has read their end.
        with contextlib.suppress(OSError, ValueError):
            for line in self._running.stderr:
                if text := line.decode("utf-8", "replace").strip():
                    self._said.append(text)


@contextlib.contextmanager
def child(call: Call) -> Iterator[Child]:
    """Run a program during the block. At its end the input is closed, and the program's end is waited for.

    Where the block fails, the program is killed; where it fails because the program has ended, the program's own words
    are the error.

    Raises:
        ProgramError: The program did not end with 0.
        OSError: It cannot be run.
    """
    if process.tell is not None:
        process.tell(call.command)
    with call.watch() as gone:
        running = subprocess.Popen(
            list(call.command),
            cwd=call.cwd,
            env=None if call.env is None else dict(call.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **platform.new_group(),
        )
        made = Child(running)
        try:
            with process.ended_by(running, gone):
                try:
                    yield made
                except BrokenPipeError:
                    made.wait(gone=_is_set(gone))
                    raise
                made.wait(gone=_is_set(gone))
        finally:
            if running.poll() is None:
                platform.kill(running)
                running.wait()
            for pipe in (running.stdin, running.stdout, running.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def output(call: Call, text: bytes = b"") -> bytes:
    """Run a program with some input, and return its whole output.

    Raises:
        ProgramError: It did not end with 0.
        OSError: It cannot be run.
    """
    with child(call) as made:
        with contextlib.suppress(BrokenPipeError):
            write_whole(made.stdin, text)
            made.stdin.close()
        return b"".join(pieces(made.stdout))


def pieces(source: Readable) -> Iterator[bytes]:
    """The bytes of a source, a piece after the other."""
    while piece := source.read(PIECE):
        yield piece


def write_whole(target: IO[bytes], data: bytes) -> None:
    """Write all of some bytes to a pipe, which takes fewer at once."""
    left = memoryview(data)
    while left:
        left = left[target.write(left) :]


class Told:
    """A source; each piece that is read of it is told by its number of bytes."""

    def __init__(self, source: Readable, tell: Callable[[int], None]) -> None:
        self._source, self._tell = source, tell

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes."""
        piece = self._source.read(size)
        self._tell(len(piece))
        return piece


def _is_set(event: threading.Event | None) -> bool:
    return event is not None and event.is_set()
