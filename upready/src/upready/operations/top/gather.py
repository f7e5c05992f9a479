"""Keep the state of a stack up to date, in threads: readiness, use of CPU and memory, log entries.

How often is decided by what it costs: with many services each is looked at less often, so that the whole stays cheap.
An engine that goes away is told, and asked again until it is back.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence

from upready.diagnosis import Failure
from upready.logs.live import Skim
from upready.logs.query import Query
from upready.operations import health, logs
from upready.operations.top.log_lines import LogLines
from upready.operations.top.state import Row, State, waits_of
from upready.operations.top.usage import Sampler
from upready.readiness import one_look
from upready.readiness.health import Health, Report
from upready.readiness.verdict import age
from upready.runtime.interface import Container, Note, Runtime
from upready.stack.model import Model
from upready.stack.settings import Settings
from upready.support.errors import OpsError

EVERY = 1.0
"""Seconds between two looks at least."""

SHARE = 0.05
"""The share of one core that looks may take."""

LONGEST = 10.0
"""Seconds between two looks at most."""

AGAIN = 2.0
"""Seconds until an engine that is gone is asked again."""

FIRST = 200
"""Log entries from before the start that are shown."""

FAREWELL = 0.5
"""Seconds that the threads get to end."""


class Gathering:
    """Gathers until it is closed. Use as a context manager.

    Args:
        settings: The project's.
        tell: Told in one line of what could not be asked, before the threads begin.
        asked: The value of `--runtime`.

    Attributes:
        lines: The log entries.
        skim: How many log lines were too many to be shown.
        bug: What ended one of the threads, which is a mistake of ours.
        changed: Set when there is something new.

    Raises:
        EngineError: The engine does not answer.
        OpsError: The compose files or `.env` cannot be read.
    """

    def __init__(self, settings: Settings, tell: Note, asked: str = "") -> None:
        self._settings, self._asked = settings, asked
        # First, as it makes the stack's secrets known.
        self._logs: logs.Logs | None = logs.find(settings, Query(follow=True, tail=FIRST), tell, lambda _: None)
        self._opened = health.opened(settings, tell)
        connected, stack, _, _ = self._opened
        self.lines, self.skim, self.changed = LogLines(), Skim(), threading.Event()
        self._over, self._soon, self._moved = threading.Event(), threading.Event(), threading.Event()
        self._sampler = Sampler(connected, self._over)
        self._state = State(stack.project, stack.environment, connected.name, asked=asked)
        self._healths: tuple[Health, ...] = ()
        self._seen: tuple[Report, Model | None, Runtime] = (Report("", "", ()), None, connected)
        self._links: dict[str, str] = {}
        self._threads: list[threading.Thread] = []
        self.bug: Exception | None = None

    def __enter__(self) -> Gathering:
        self.look()
        for task in (self._watch, self._sampler.run, self._follow):
            self._threads.append(threading.Thread(target=self._guarded, args=(task,), name=task.__name__, daemon=True))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._soon.set()
        self._sampler.watch(())
        if (following := self._logs) is not None:
            following.close()
        # A thread that still runs while Python exits can crash it (seen: SIGSEGV of Python 3.11.2).
        end = time.monotonic() + FAREWELL
        for each in self._threads:
            each.join(max(0.0, end - time.monotonic()))

    @property
    def project(self) -> str:
        """Compose's project name."""
        return self._state.project

    def state(self) -> State:
        """What is known now."""
        return self._state

    def figures(self, seconds: float) -> None:
        """Wait, so long at most, until CPU and memory of all that runs are known; then look again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._sampler.complete():
            self._over.wait(0.05)
        self._take(*self._seen)

    def again(self) -> None:
        """Look at once: something was done."""
        self._soon.set()

    def look(self) -> None:
        """Look once at everything.

        Raises:
            EngineError: The engine does not answer.
            OpsError: What was started meanwhile cannot be read.
        """
        containers = self._read_again()
        connected, stack, _, merged = self._opened
        services = health.expected(self._settings, merged, containers) if merged else []
        found = one_look.judge_now(connected, stack.project, stack.environment, services, containers)
        self._sampler.watch(containers)
        self._take(found, merged, connected)

    def diagnose(self, name: str) -> Failure | None:
        """The story of one replica; None if it is gone, or nothing runs.

        Raises:
            OpsError: It could not be asked.
        """
        from upready import diagnosis

        connected, _, _, merged = self._opened
        chosen = next((each for each in self._healths if each.name == name), None)
        return diagnosis.inspect(connected, merged, chosen, self._healths) if merged and chosen else None

    def _read_again(self) -> Sequence[Container]:
        """The containers now; where others run than before, the compose files are read again: they may be others."""
        connected, stack, before, merged = self._opened
        if merged is None:
            self._opened = health.begun(self._settings, self._opened)
            if self._opened[0].name != connected.name:
                self._move()
            return self._opened[2]
        containers = connected.containers(stack.project)
        if not containers:
            self._opened = connected, stack, [], None
        elif {each.id for each in containers} - {each.id for each in before}:
            with contextlib.suppress(OpsError):  # the files are being edited, and what runs was read before
                self._opened = health.opened(self._settings)
            self._opened = *self._opened[:2], list(containers), self._opened[3]
        return containers

    def _move(self) -> None:
        """Ask another runtime from now on: the stack was started there."""
        self._sampler.ask(self._opened[0])
        self._moved.set()

    def _take(self, found: Report, merged: Model | None, connected: Runtime) -> None:
        """Make the state of a report."""
        self._healths, self._seen = found.services, (found, merged, connected)
        if merged is not None:
            self._links = {}
            for service, _, url in merged.links(local=connected.local):
                self._links.setdefault(service, url)
        self._state = State(
            found.project,
            found.environment,
            found.runtime,
            found.status,
            tuple(self._row(each) for each in found.services),
            waits_of(merged, found.services) if merged else {},
            moment=time.time(),
            asked=self._asked,
        )
        self.changed.set()

    def _row(self, of: Health) -> Row:
        used = self._sampler.of(of.container)
        running = of.container is not None and of.container.state == "running"
        return Row(
            of,
            used.usage if running else None,
            tuple(used.cpu),
            tuple(used.memory),
            _release(of.container),
            max(0.0, age(of.container)) if running and of.container is not None else None,
            self._links.get(of.service, ""),
        )

    def _guarded(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception as error:  # noqa: BLE001 - whoever shows the state raises it
            if not self._over.is_set():
                self.bug = error
                self.changed.set()

    def _watch(self) -> None:
        """Look again and again; an engine that does not answer is told."""
        pause = EVERY
        while not self._over.is_set():
            self._soon.wait(pause)
            self._soon.clear()
            if self._over.is_set():
                return
            began, used = time.monotonic(), time.process_time()
            try:
                self.look()
                took = min(time.monotonic() - began, time.process_time() - used)
                pause = min(LONGEST, max(EVERY, took / SHARE))
            except OpsError as error:
                self._tell(error)
                pause = AGAIN

    def _tell(self, error: OpsError) -> None:
        """Keep what is known, and say why it is old."""
        was = self._state
        self._state = State(**{**vars(was), "trouble": error.summary, "step": error.next})
        self.changed.set()

    def _follow(self) -> None:
        """Take in log entries; after a trouble from where it was, in another runtime from the beginning."""
        while not self._over.is_set():
            with contextlib.suppress(OpsError, _MovedError):
                self._read()
            self._logs = None
            shown = self.lines.again()
            since = None if self._moved.is_set() else shown
            asked = Query(follow=True, since=since, tail=FIRST if since is None else None)
            while self._logs is None and not self._over.wait(AGAIN):
                with contextlib.suppress(OpsError):
                    self._moved.clear()
                    self._logs = logs.find(self._settings, asked, lambda _: None, lambda _: None)

    def _read(self) -> None:
        following = self._logs
        if following is None:
            return

        def pulse() -> None:
            if self._moved.is_set():
                raise _MovedError

        for entries in following.entries(following.origins(), pulse, self.skim):
            if self._over.is_set():
                return
            if entries:
                self.lines.add(entries)
                self.changed.set()


class _MovedError(Exception):
    """The stack was started in another runtime than the one whose logs are followed."""


def _release(container: Container | None) -> str:
    if container is None:
        return ""
    return container.release or (container.revision or "").replace("unknown", "")[:12]
