"""The logs of a project: all replicas in one stream, in time order; filtered and followed."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from upready.logs.cursor import Mark
from upready.logs.entry import Entry, Origin
from upready.logs.groups import Grouper
from upready.logs.live import Live, Skim
from upready.logs.merge import Feed, merge
from upready.logs.query import Query
from upready.logs.source import Source
from upready.operations.log_secrets import Learning
from upready.runtime import choice, current, last_used
from upready.runtime.interface import LogSource, Note, Runtime, silent
from upready.secrets import masking
from upready.stack import model
from upready.stack.settings import Settings
from upready.support import spelling, times
from upready.support.errors import OpsError, UsageError


@dataclass(frozen=True)
class Logs:
    """What a query asks for of a project's logs.

    Attributes:
        settings: The project's.
        project: Its name.
        query: What is asked for.
    """

    settings: Settings
    project: str
    query: Query
    _connected: Runtime
    _source: LogSource
    _note: Note
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def origins(self) -> list[Origin]:
        """The replicas that have logs; those that start later come with the entries.

        Raises:
            UsageError: There is no such service.
            EngineError: The engine does not answer.
        """
        found = self._source.origins()
        missing = [service for service in self.query.services if service not in {each.service for each in found}]
        if missing:
            self._check_known(missing)
        return found

    def entries(
        self, origins: Collection[Origin], pulse: Callable[[], None], skim: Skim | None = None
    ) -> Iterator[list[Entry]]:
        """The entries, in time order, some at a time; see `collect`."""
        return collect(self._source, self.query, origins, pulse, skim)

    def wherever(self, origins: Collection[Origin], pulse: Callable[[], None]) -> Iterator[list[Entry]]:
        """The same, also once the stack is started in another runtime than the one in which it was looked for."""
        logs = self

        def look() -> None:
            pulse()
            logs._look()

        while True:
            try:
                yield from logs.entries(origins, look)
            except _MovedError as moved:
                logs = moved.logs
                origins = logs._source.origins()
            else:
                return

    def close(self) -> None:
        """End a following; any thread may call this."""
        self._source.close()

    def _look(self) -> None:
        """Notice that the stack runs in another runtime now; a start remembers where it is.

        Raises:
            _MovedError: It does.
        """
        # Where `--runtime` names one, no other is looked for.
        if self.settings.runtime_forced or last_used.recall(self.settings.root).runtime in ("", self._connected.name):
            return
        with contextlib.suppress(OpsError):  # the one that is followed is still there
            connected = choice.find(self.settings, silent)
            if connected.name != self._connected.name:
                # What ran there earlier has nothing to do with this start.
                asked = replace(self.query, tail=None, since=self.query.since or self._began)
                raise _MovedError(_on(connected, self.settings, asked, self._note, _learning(self.settings, asked)))

    def _check_known(self, services: Collection[str]) -> None:
        """Refuse a service that neither has a container nor may get one."""
        stack, containers = current.current(self.settings, self._connected)
        every = {*model.load(stack).every, *(each.service for each in containers)}
        unknown = [service for service in services if service not in every]
        if unknown:
            near = spelling.closest(unknown[0], every) or min(every, default="")
            raise UsageError(
                f"there is no service {unknown[0]!r}{spelling.meant(unknown[0], every)}",
                details=[f"services: {', '.join(sorted(every)) or 'none'}"],
                next=f"invoke logs --service {near}" if near else "invoke status",
            )


class _MovedError(Exception):
    """The stack was started in another runtime, whose logs these are."""

    def __init__(self, logs: Logs) -> None:
        super().__init__()
        self.logs = logs


def find(settings: Settings, query: Query, tell: Note, note: Note) -> Logs:
    """The logs of a project, with its secrets known to who shows them.

    Args:
        settings: The project's.
        query: What is asked for.
        tell: Told in one line of an engine that could not be asked.
        note: Told of a log that cannot be read.

    Raises:
        EngineError: The engine does not answer.
    """
    if query.reveal:
        masking.reveal()
    learning = _learning(settings, query)  # meanwhile the engine's library is imported
    return _on(choice.find(settings, tell), settings, query, note, learning)


def _learning(settings: Settings, query: Query) -> Learning:
    return Learning(settings, needed=not (query.reveal or masking.knows_model()))


def _on(connected: Runtime, settings: Settings, query: Query, note: Note, learning: Learning) -> Logs:
    """The logs of a project in one runtime."""
    name = current.name(settings)
    learning.finish(connected)
    return Logs(settings, name, query, connected, connected.source(name, query.services, note), note)


def collect(
    source: Source,
    query: Query,
    origins: Collection[Origin],
    pulse: Callable[[], None] = lambda: None,
    skim: Skim | None = None,
) -> Iterator[list[Entry]]:
    """The entries that a query asks for, in time order, some at a time.

    Args:
        source: Where they come from.
        query: Which.
        origins: The replicas that there are.
        pulse: Called now and then while nothing is logged; what it raises ends the following.
        skim: For a screen, which follows without every line of a flood.

    Raises:
        OpsError: The source is gone.
    """
    marks = {origin: Mark(times.stamp(query.since) if query.since else None) for origin in origins}
    # The engine's own tail counts lines before the filter. At least one: how far to follow from must be known.
    tail = None if query.filters or query.tail is None else max(query.tail, 1)
    feeds = []
    for origin, mark in marks.items():
        lines = source.read(origin, tail=tail, since=query.since, until=query.until, whole=query.follow)
        feeds.append(Feed(Grouper(origin), mark.noting(lines, cut=tail is not None) if query.follow else lines))
    past = (_accepted(query, entries) for entries in merge(feeds))
    if query.tail is None or skim is not None:  # a screen shows one replica alone, too: so many of each
        yield from past
    else:
        yield list(deque((entry for entries in past for entry in entries), maxlen=query.tail))
    if query.follow:
        for entries in Live(source, marks, pulse, skim).entries():
            yield _accepted(query, entries)


def _accepted(query: Query, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if query.accepts(entry)] if query.filters else entries
