"""How far the reading or writing of data is, in a line: how much, how fast, and how long it will take."""

from __future__ import annotations

import time

from upready.support import units


class Meter:
    """Counts bytes from now on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._what, self._done = "", 0

    def add(self, what: str, count: int, of: int = 0) -> str:
        """The line after some bytes more: `db: 12 MB of about 40 MB, 6.1 MB/s, about 4 s left`.

        Args:
            what: What they are of; something else begins anew.
            count: How many have come.
            of: How many it will be about; 0 where nobody knows.
        """
        if what != self._what:
            self._what, self._done, self._began = what, 0, time.monotonic()
        self._done += count
        rate = self._done / max(0.001, time.monotonic() - self._began)
        line = f"{what}: {units.size(self._done)}"
        if of > self._done and rate:
            left = units.duration((of - self._done) / rate)
            return f"{line} of about {units.size(of)}, {units.size(round(rate))}/s, about {left} left"
        return f"{line}, {units.size(round(rate))}/s"
