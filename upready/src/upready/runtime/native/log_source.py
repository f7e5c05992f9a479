"""The logs of services that run as processes of this machine, from their files."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import IO

from upready.logs.entry import Origin
from upready.logs.source import Line
from upready.runtime.interface import Container
from upready.runtime.native import logfile, paths, service
from upready.runtime.native.record import Record
from upready.support import folders

LOOK_EVERY = 0.1
"""Seconds between looks at a file that grows, and at what has been started."""

_BATCH = 2000


@dataclass
class Source:
    """The services of a project as a source of log lines; see `upready.logs.source`.

    Attributes:
        root: The project's folder.
        services: Only these; empty means all.
    """

    root: Path
    services: Sequence[str] = ()
    _known: dict[str, Origin] = field(default_factory=dict)
    _closed: threading.Event = field(default_factory=threading.Event)

    def origins(self) -> list[Origin]:
        """Every service that was started and not stopped."""
        names = [each for each in paths.services(self.root) if not self.services or each in self.services]
        return [self._origin(name, found.run) for name in names if (found := service.look(self.root, name))]

    def origin(self, container: Container) -> Origin:
        """The origin of a service's last start."""
        return self._origin(container.service, container.id.rpartition(".")[2])

    def read(
        self,
        origin: Origin,
        *,
        tail: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        whole: bool = False,
    ) -> Iterator[Sequence[Line]]:
        """The output of a service since it was started; its files contain only whole lines."""
        found = self._record(origin)
        if found is None:
            return
        first = max(logfile.stamp(found.started), logfile.stamp(since.timestamp()) if since else "")
        last = logfile.stamp(until.timestamp()) if until else "~"
        with contextlib.ExitStack() as reading:
            files = logfile.opened(self._log(origin))
            for file in files:
                reading.enter_context(file)
            every = (line for file in files for line in logfile.lines_of(file) if first <= line[0] <= last)
            lines = every if tail is None else _last(every, tail)
            while batch := list(itertools.islice(lines, _BATCH)):
                yield batch

    def follow(self, origin: Origin, after: str | None) -> Iterator[Sequence[Line]]:
        """The output of a service until it ends, its last lines included."""
        found = self._record(origin)
        if found is None:
            return
        first = max(logfile.stamp(found.started), after or "")
        for lines in _grow(self._log(origin), lambda: self._closed.is_set() or not self.running(origin), self._closed):
            end = self._end(origin)
            if kept := [line for line in lines if first <= line[0] < end]:
                yield kept

    def running(self, origin: Origin) -> bool | None:
        """Whether a service still runs; None if it was stopped, or started again."""
        found = self._record(origin)
        return None if found is None else service.runs(found)

    def changes(self) -> Iterator[Origin]:
        """Each service that runs, then each that is started, even if it has ended before it was seen to run."""
        before, known = set(self._known), set[str]()
        while not self._closed.is_set():
            for origin in self.origins():
                if origin.key not in known and (origin.key not in before or self.running(origin)):
                    known.add(origin.key)
                    yield origin
            self._closed.wait(LOOK_EVERY)

    def check(self) -> None:
        """Nothing to check: files are always there."""

    def close(self) -> None:
        """End every wait."""
        self._closed.set()

    def _origin(self, name: str, run: str) -> Origin:
        """Always the same object for a run: followers distinguish runs by it."""
        return self._known.setdefault(run, Origin(name, 1, run))

    def _end(self, origin: Origin) -> str:
        """From when on lines are the next run's, whose reader tells them."""
        found = service.look(self.root, origin.service)
        return logfile.stamp(found.started) if found and found.run != origin.key else "~"

    def _log(self, origin: Origin) -> Path:
        return paths.of(self.root, origin.service) / "log"

    def _record(self, origin: Origin) -> Record | None:
        found = service.look(self.root, origin.service)
        return found if found and found.run == origin.key else None


def _last(lines: Iterable[Line], count: int) -> Iterator[Line]:
    """The last lines; where several have the same time, all of them.

    The lines of one write have the same time, and whoever reads on knows only by their number which were read.
    """
    groups: deque[list[Line]] = deque()
    there = 0
    for _, group in itertools.groupby(lines, key=itemgetter(0)):
        groups.append(list(group))
        there += len(groups[-1])
        while groups and there - len(groups[0]) >= count:
            there -= len(groups.popleft())
    return itertools.chain.from_iterable(groups)


def _grow(path: Path, over: Callable[[], bool], closed: threading.Event) -> Iterator[list[Line]]:
    """The lines of a log as they are written, from its oldest file on and across new ones, until it is over."""
    # Begins with the oldest file, so that lines from before the first look are included.
    current: IO[bytes] | None = None
    rest = b""
    try:
        while not closed.is_set():
            # Asked before reading, so that everything written until then is read.
            ended = over()
            moved = current is None or _position(current, [path]) is None
            chunk = current.read() if current else b""
            *whole, rest = (rest + chunk).split(b"\n")
            if lines := [line for raw in whole if (line := logfile.parse(raw))]:
                yield lines
            if chunk:
                continue
            if moved and (newer := _following(path, current)):
                if current is not None:
                    current.close()
                current, rest = newer, b""
            elif ended:
                return
            else:
                closed.wait(LOOK_EVERY)
    finally:
        if current is not None:
            current.close()


def _following(path: Path, current: IO[bytes] | None) -> IO[bytes] | None:
    """Open the log file that comes after an open one, or the oldest; None if there is none yet.

    Files may be renamed between two looks: the opened file counts only if it still follows the open one afterwards.

    Raises:
        UsageError: It cannot be read.
    """
    while True:
        files = logfile.files_of(path)
        place = _position(current, files)
        ahead = files[0 if place is None else place + 1 :]
        if not ahead:
            return None
        with folders.reading(ahead[0]):
            try:
                found = ahead[0].open("rb")
            except FileNotFoundError:
                continue
        files = logfile.files_of(path)
        place = _position(current, files)
        if _position(found, files) == (0 if place is None else place + 1):
            return found
        found.close()


def _position(file: IO[bytes] | None, paths: Sequence[Path]) -> int | None:
    """The index of the path that an open file has now; None if it has none of them."""
    for index, path in enumerate(paths if file else ()):
        with contextlib.suppress(FileNotFoundError):
            if file and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return index
    return None
