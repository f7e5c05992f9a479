"""The logs of a project: all replicas in one stream, in time order; filtered, followed, shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator

from upready.logs.cursor import Mark
from upready.logs.entry import Entry, Origin
from upready.logs.groups import Grouper
from upready.logs.live import Live
from upready.logs.merge import Feed, merge
from upready.logs.query import Query
from upready.logs.source import Source
from upready.operations.log_secrets import Learning
from upready.runtime import choice, current
from upready.runtime.interface import Container, Runtime
from upready.secrets import masking
from upready.stack.settings import Settings
from upready.support import spelling, times
from upready.support.errors import InterruptError, OpsError, UsageError

__all__ = ["Entry", "Origin", "Query", "collect", "last_lines", "recent", "run", "show"]


def run(settings: Settings, query: Query) -> int:
    """Show the logs of the project of these settings: `show`, with the services that its compose files name."""
    from upready.report import warn

    if query.reveal:
        masking.reveal()
    # Meanwhile the engine's library is imported.
    learning = Learning(settings, needed=not (query.reveal or masking.knows_model()))
    connected = choice.find(settings, warn)
    name = current.name(settings)
    learning.finish(connected, name)

    def known() -> set[str]:
        from upready.stack import model

        stack, _ = current.current(settings, connected)
        merged = model.load(stack)
        return {*merged.services, *merged.inactive}

    return show(connected, name, query, known, next(iter(settings.environments)))


def show(
    connected: Runtime,
    name: str,
    query: Query,
    known: Callable[[], Collection[str]] = tuple,
    environment: str = "",
) -> int:
    """Show a project's logs as a query asks; following ends with Ctrl-C.

    Args:
        connected: The engine.
        name: Compose's project name.
        query: What to show, and how.
        known: Gives the services that may start later; called only when one is asked for that has no container.
        environment: What starts the project.

    Returns:
        The exit code: 0, or 130 after Ctrl-C.

    Raises:
        UsageError: There is no such service, or the output file cannot be written.
        EngineError: The engine does not answer, or went away.
    """
    from upready.report import logs as report

    source = connected.source(name, query.services, report.note)
    try:
        origins = source.origins()
        _check_services(query, {each.service for each in origins}, connected, name, known)
        with report.Printer(as_json=query.as_json, output=query.output, colour=query.colour) as printer:
            printer.expect(origins)
            if not origins:
                report.nothing(name, query, environment)
            for entries in collect(source, query, origins, lambda: printer.check(look=True)):
                printer.write(entries)
            if origins and not query.follow:
                report.ended(query, printer.count)
    except KeyboardInterrupt:
        return InterruptError.code
    except OpsError as error:
        if not query.as_json:
            raise
        report.failed(error)
        return error.code
    return 0


def collect(
    source: Source, query: Query, origins: Collection[Origin], pulse: Callable[[], None] = lambda: None
) -> Iterator[list[Entry]]:
    """The entries that a query asks for, in time order, some at a time.

    Args:
        source: Where they come from.
        query: Which.
        origins: The replicas that there are.
        pulse: Called now and then while nothing is logged; what it raises ends the following.

    Raises:
        OpsError: The source is gone.
    """
    marks = {origin: Mark(times.stamp(query.since) if query.since else None) for origin in origins}
    # The engine's own tail counts lines before the filter. At least one: how far to follow from must be known.
    tail = None if query.filters or query.tail is None else max(query.tail, 1)
    feeds = []
    for origin, mark in marks.items():
        lines = source.read(origin, tail=tail, since=query.since, until=query.until, whole=query.follow)
        feeds.append(Feed(Grouper(origin), mark.noting(lines) if query.follow else lines))
    past = (_accepted(query, entries) for entries in merge(feeds))
    if query.tail is None:
        yield from past
    else:
        yield list(deque((entry for entries in past for entry in entries), maxlen=query.tail))
    if query.follow:
        for entries in Live(source, marks, pulse).entries():
            yield _accepted(query, entries)


def recent(connected: Runtime, name: str, count: int) -> list[Entry]:
    """The last entries over all services of a project, in time order.

    Raises:
        EngineError: The engine does not answer.
    """
    source = connected.source(name)
    return [entry for entries in collect(source, Query(tail=count), source.origins()) for entry in entries]


def last_lines(connected: Runtime, container: Container, count: int) -> list[str]:
    """The last lines of one container, with no control characters in them.

    Raises:
        EngineError: The engine does not answer.
    """
    from upready.support.controls import neutralise

    source = connected.source("")
    batches = source.read(source.origin(container), tail=count)
    lines = [neutralise(text, colour=False) for lines in batches for _, _, text in lines]
    return lines[-count:] if count else []


def _accepted(query: Query, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if query.accepts(entry)] if query.filters else entries


def _check_services(
    query: Query, found: Collection[str], connected: Runtime, name: str, known: Callable[[], Collection[str]]
) -> None:
    """Refuse a service that neither has a container nor may get one."""
    missing = [service for service in query.services if service not in found]
    if not missing:
        return
    every = {*known(), *(each.service for each in connected.containers(name))}
    unknown = [service for service in missing if service not in every]
    if unknown:
        near = spelling.closest(unknown[0], every) or min(every, default="")
        raise UsageError(
            f"there is no service {unknown[0]!r}{spelling.meant(unknown[0], every)}",
            details=[f"services: {', '.join(sorted(every)) or 'none'}"],
            next=f"invoke logs --service {near}" if near else "invoke status",
        )
