"""A service's log: each line has a time, a stream and a text; the files never grow too large.

    2026-11-23T10:00:00.123456789Z stdout ready

The time is when the supervisor received the line, as with Docker. `log` is the newest file, `log.1` the one before.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from upready.support import files, folders, platform, state
from upready.support.errors import OpsError

STREAMS = {"stdout": 1, "stderr": 2}

LONGEST = 1 << 20
"""Bytes after which a line without an end is written in parts: memory is finite."""

Line = tuple[str, int, str]
"""(time, 1 for stdout or 2 for stderr, text without its line end), as in `upready.logs.source`"""


class Writer:
    """Writes a log and begins a new file when one is full. Several threads may use it.

    Args:
        path: The newest file.
        size: Bytes after which a new one begins.
        files: How many are kept, the newest included.
    """

    def __init__(self, path: Path, size: int, files: int) -> None:
        self._path, self._size, self._files = path, size, max(1, files)
        self._guard = threading.Lock()
        self._torn = False
        self._latest = time.time_ns()
        _clear(path)
        rotate(path, self._files)
        for each in files_of(path):
            # Earlier versions used the umask; not every file system has modes.
            with contextlib.suppress(OSError):
                each.chmod(0o600)
        self._file = self._open()

    def write(self, stream: str, lines: list[bytes]) -> None:
        """Add lines, without their ends, all with the current time.

        Lines for which the disk has no room are lost: a service must not stop because its log cannot be written.
        """
        if not lines:
            return
        with self._guard, contextlib.suppress(OSError):
            if self._file.closed:
                self._file = self._open()
            # Read while locked, and never earlier than the last time: a clock that was set back would hide later lines.
            self._latest = max(self._latest, time.time_ns())
            head = f"{_stamp(self._latest)} {stream} ".encode()
            # A line that was cut off has no line end.
            content = (b"\n" if self._torn else b"") + b"".join(head + line + b"\n" for line in lines)
            self._torn = True
            self._torn = self._file.write(content) != len(content)
            if self._file.tell() >= self._size:
                self._file.close()
                rotate(self._path, self._files)
                self._file = self._open()

    def _open(self) -> IO[bytes]:
        """The newest file, readable only by its owner: logs may contain what others should not read."""
        return open(self._path, "ab", buffering=0, opener=platform.private)

    def drain(self, stream: str, pipe: IO[bytes]) -> None:
        """Write what comes out of a pipe, until everyone who could write into it has closed it."""
        rest = b""
        while chunk := pipe.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) >= LONGEST:
                lines.append(rest)
                rest = b""
            self.write(stream, lines)
        self.write(stream, [rest] if rest else [])


def _clear(path: Path) -> None:
    """Remove what is no file where a file of a log should be: a pipe there would block its writer and its readers."""
    for each in (path, *path.parent.glob(f"{path.name}.*")):
        if os.path.lexists(each) and not files.is_file(each):
            with contextlib.suppress(OSError):
                state.remove(each)


def rotate(path: Path, files: int) -> None:
    """Move every file of a log one place back, and drop the last; does nothing if the newest is empty or missing."""
    if not path.exists() or not path.stat().st_size:
        return
    try:
        for number in range(files - 1, 0, -1):
            older = _number(path, number)
            newer = _number(path, number - 1)
            if newer.exists():
                newer.replace(older)
        if files == 1:
            path.unlink()
    except PermissionError:
        # Windows: somebody reads the file. It grows on, and is moved at the next chance.
        return


def files_of(path: Path) -> list[Path]:
    """The files of a log, oldest first; what is no file is left out."""
    numbered = sorted(
        (each for each in path.parent.glob(f"{path.name}.*") if each.suffix[1:].isdigit()),
        key=lambda each: -int(each.suffix[1:]),
    )
    return [each for each in (*numbered, path) if files.is_file(each)]


def opened(path: Path) -> list[IO[bytes]]:
    """The files of a log as they are at one moment, oldest first, open: whoever asks closes them.

    A file that is given another name afterwards is read all the same, and none is read twice.

    Raises:
        UsageError: One cannot be read.
    """
    while True:
        found: list[IO[bytes]] = []
        try:
            for each in files_of(path):
                with folders.reading(each), contextlib.suppress(FileNotFoundError):
                    found.append(each.open("rb"))
            if _are(found, files_of(path)):
                return found
        except BaseException:
            _close(found)
            raise
        _close(found)  # a new file began meanwhile


def lines_of(file: IO[bytes]) -> Iterator[Line]:
    """The lines of one open file, oldest first. Broken lines (the disk was full) are left out."""
    for raw in file:
        if raw.endswith(b"\n") and (line := parse(raw)):
            yield line


def _are(found: Sequence[IO[bytes]], paths: Sequence[Path]) -> bool:
    """Whether open files are those that have these paths now."""
    try:
        return len(found) == len(paths) and all(
            os.path.samestat(os.fstat(file.fileno()), each.stat()) for file, each in zip(found, paths, strict=True)
        )
    except FileNotFoundError:
        return False


def _close(found: Sequence[IO[bytes]]) -> None:
    for each in found:
        each.close()


def parse(raw: bytes) -> Line | None:
    """One line of a file."""
    stamp, _, rest = raw.partition(b" ")
    stream, _, text = rest.partition(b" ")
    number = STREAMS.get(stream.decode("ascii", "replace"))
    if number is None:
        return None
    return stamp.decode("ascii", "replace"), number, text.rstrip(b"\r\n").decode("utf-8", "replace")


def tail(path: Path, count: int, since: str = "") -> list[Line]:
    """The last lines of a log, over all its files; of one that cannot be read, none.

    Args:
        path: The newest file.
        count: How many.
        since: Only lines from this time on, in the log's own notation.
    """
    found: list[Line] = []
    with contextlib.suppress(OpsError), contextlib.ExitStack() as reading:
        files = opened(path)
        for file in files:
            reading.enter_context(file)
        for file in reversed(files):
            lines = [line for line in lines_of(file) if line[0] >= since]
            found = lines[-(count - len(found)) :] + found if count > len(found) else found
            if len(found) >= count:
                break
    return found


def stamp(seconds: float) -> str:
    """A moment, in seconds since 1970, in the log's notation."""
    return _stamp(int(seconds * 1e9))


def _stamp(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09d}Z"


def _number(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}") if number else path
