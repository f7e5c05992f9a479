"""A part of a file, and something far away, as files of their own."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import IO, Any


class Part(io.RawIOBase):
    """A part of a file, from one byte on.

    Args:
        file: The file.
        start: The first byte.
        size: Bytes of the part.
        turn: Held while a piece is read, where other threads read other parts of the same file.
        alone: Whether the file is closed with it.
    """

    def __init__(
        self, file: IO[bytes], start: int, size: int, turn: threading.Lock | None = None, *, alone: bool = False
    ) -> None:
        super().__init__()
        self._file, self._place, self._end, self._alone = file, start, start + size, alone
        self._turn = turn or threading.Lock()

    def close(self) -> None:
        """Close the file, where nobody else reads it."""
        if self._alone:
            self._file.close()
        super().close()

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; all that are left for -1."""
        left = self._end - self._place
        with self._turn:
            self._file.seek(self._place)
            found = self._file.read(left if size < 0 else min(size, left))
        self._place += len(found)
        return found


class Window(io.RawIOBase):
    """Something far away, of which only what is asked for is got.

    Args:
        get: Gives so many bytes from a first one on.
        size: Bytes of it.
    """

    def __init__(self, get: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._get, self._size, self._at = get, size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on at another byte."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        """Where it goes on."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Read some bytes."""
        count = min(len(buffer), self._size - self._at)
        if count <= 0:
            return 0
        data = self._get(self._at, count)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
