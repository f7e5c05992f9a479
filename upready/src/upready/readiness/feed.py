"""Collect the news of a project while it is waited for: events, states, answers, log lines, a silent engine.

Each look runs in its own thread and puts its result into one inbox. So an engine that hangs delays no deadline, and a
container that the engine has locked, because it is just being started, does not delay news of other containers.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from upready.engine.heartbeat import Heartbeat
from upready.readiness import healthcheck
from upready.readiness.health import Health
from upready.readiness.messages import Answered, Checked, Happened, Listed, Looked, Message, Permanent, Run, Wrote
from upready.runtime import log_tail
from upready.runtime.docker.engine import Engine
from upready.runtime.interface import Container, Runtime
from upready.stack.settings import SWARM
from upready.support import http_probe
from upready.support.errors import EngineError

EAGER = 0.05
"""Seconds between probes of a replica that does not answer yet."""

CROWD = 10
"""With more replicas than this, each is probed less often."""

RELAXED = 0.5
"""Seconds between probes of a replica that answers: it may fail again while others are waited for."""

REFRESH = 2.0
"""Seconds between lists of all containers, for news that the event stream lost."""

LISTING = 0.1
"""The largest part of the time in which they are listed: to inspect each of hundreds delays their start."""

FAREWELL = 0.1
"""Seconds that the threads get to end; nearly all end at once."""

LINES = 0.5
"""Seconds between looks at the last log lines."""

DOUBTS = 1.0
"""Seconds between checks whether waiting for a replica can help."""

FindPermanent = Callable[[Health], tuple[str, str] | None]
"""Tells why waiting will not make a replica ready, as (cause, reason); None where waiting may help."""


class Feed:
    """Watches one project and puts its news into `inbox`. Use as a context manager.

    Args:
        engine: Where the project runs.
        project: Compose's project name.
        lines: Whether to read the last log lines too.
        find_permanent: Called for replicas that are not ready.

    Attributes:
        inbox: The news, in the order in which they were seen.
    """

    def __init__(
        self, engine: Runtime, project: str, *, lines: bool = False, find_permanent: FindPermanent | None = None
    ) -> None:
        self.inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._engine = engine
        self._project = project
        self._lines = lines
        self._find_permanent = find_permanent
        self._suspects: Sequence[Health] = ()
        self._over = threading.Event()
        self._tickets = itertools.count()
        self._again = threading.Event()
        self._requested = 0
        self._stream: Any = None
        self._probed: dict[Run, threading.Event] = {}
        self._eager: set[Run] = set()
        self._checked: dict[Run, threading.Event] = {}
        self._running: tuple[Container, ...] = ()
        self._threads: list[threading.Thread] = []
        self._pulse = engine.heartbeat if isinstance(engine, Engine) else Heartbeat(engine.ping)
        self._watch = contextlib.ExitStack()
        self._gone = threading.Event()
        self._dropped = 0

    def __enter__(self) -> Feed:
        tasks = [
            self._follow,
            self._refresh,
            *([self._read] if self._lines else []),
            *([self._ask] if self._find_permanent else []),
        ]
        self._gone = self._watch.enter_context(self._pulse.watching())
        for task in tasks:
            self._begin(task)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._again.set()
        self.watch({}, (), {})
        self._close()
        self._watch.close()
        # A thread that still runs while Python exits can crash it (seen: SIGSEGV of Python 3.11.2).
        deadline = time.monotonic() + FAREWELL
        while (left := [each for each in self._threads if each.is_alive()]) and time.monotonic() < deadline:
            left[0].join(0.05)  # a thread may start another one

    @property
    def drops(self) -> int:
        """How often the engine dropped the connection, or did not answer."""
        return self._dropped + self._pulse.misses

    @property
    def gone(self) -> bool:
        """Whether the engine has stopped answering."""
        return self._gone.is_set()

    def refresh(self) -> int:
        """Ask for a list of all containers; it comes as a `Listed` whose `request` is at least this number."""
        self._requested += 1
        self._again.set()
        return self._requested

    def look(self, identifier: str) -> None:
        """Ask for a look at one container."""
        self._begin(self._look, identifier, next(self._tickets))

    def watch(
        self,
        targets: Mapping[Run, str],
        running: tuple[Container, ...],
        unchecked: Mapping[Run, Container],
        suspects: Sequence[Health] = (),
    ) -> None:
        """Set what is watched, in place of what was set before.

        Args:
            targets: The URL to probe, for each run that has one.
            running: The containers that run.
            unchecked: The containers whose health check is run until it passes.
            suspects: The replicas that are not ready.
        """
        self._running, self._suspects = running, suspects
        self._keep(self._checked, unchecked, self._check)
        self._keep(self._probed, targets, self._probe)

    def _keep(self, threads: dict[Run, threading.Event], wanted: Mapping[Run, Any], task: Callable[..., None]) -> None:
        """Keep one thread of a task for each wanted run, and end the others."""
        for run in threads.keys() - wanted.keys():
            threads.pop(run).set()
        for run in wanted.keys() - threads.keys():
            threads[run] = threading.Event()
            self._begin(task, run, wanted[run], threads[run])

    def _look(self, identifier: str, ticket: int) -> None:
        with contextlib.suppress(EngineError):  # the heartbeat notices that the engine is gone
            self.inbox.put(Looked(ticket, identifier, self._engine.inspect(identifier)))

    def _follow(self) -> None:
        """Report every event. A stream that breaks is opened again, and all containers are listed for lost events."""
        while not self._over.is_set():
            with contextlib.suppress(EngineError, OSError, ValueError):
                self._stream = self._engine.changes(self._project)
                self.refresh()
                if self._over.is_set():
                    self._close()
                for identifier, action in self._stream:
                    self.inbox.put(Happened(next(self._tickets), identifier, action))
                    if self._engine.name == SWARM:
                        # The manager's engine knows nothing of a container on another node. Swarm's list has them all,
                        # and who has the place of another one.
                        self._again.set()
                    else:
                        self.look(identifier)
            self._close()
            self._dropped += 1
            self._over.wait(0.1)

    def _close(self) -> None:
        """End the event stream: a read from it would wait for ever."""
        if self._stream is not None:
            with contextlib.suppress(Exception):
                self._stream.close()

    def _refresh(self) -> None:
        while not self._over.is_set():
            self._again.clear()
            request, ticket = self._requested, next(self._tickets)
            began = time.monotonic()
            with contextlib.suppress(EngineError):
                self.inbox.put(Listed(ticket, request, self._engine.containers(self._project)))
                self._again.wait(max(REFRESH, (time.monotonic() - began) / LISTING))
                continue
            self._over.wait(0.1)

    def _probe(self, run: Run, url: str, over: threading.Event) -> None:
        """Probe one run of a replica until `over` is set."""
        self._eager.add(run)
        while not over.is_set():
            answer = http_probe.ask(url)
            self.inbox.put(Answered(run, answer))
            (self._eager.discard if answer.ok else self._eager.add)(run)
            over.wait(RELAXED if answer.ok else EAGER * max(1.0, len(self._eager) / CROWD))
        self._eager.discard(run)

    def _check(self, run: Run, container: Container, over: threading.Event) -> None:
        """Run the health check of a container again and again, until it passes."""
        if not isinstance(self._engine, Engine):
            return
        while not over.is_set():
            began = time.monotonic()
            with contextlib.suppress(EngineError):  # the container has just ended, or the engine is gone
                code = healthcheck.run(self._engine, container, over)
                if code is not None:
                    self.inbox.put(Checked(run, code))
                if code == 0:
                    return
            over.wait(healthcheck.pause(time.monotonic() - began, len(self._checked)))

    def _read(self) -> None:
        """Report the last log line of each running container when it changes."""
        known: dict[str, str] = {}
        while not self._over.wait(LINES):
            for container in self._running:
                with contextlib.suppress(EngineError):
                    line = "".join(log_tail.last_lines(self._engine, container, 1))
                    if known.get(container.id) != line:
                        known[container.id] = line
                        self.inbox.put(Wrote(container.id, line))

    def _ask(self) -> None:
        """Check for each replica that is not ready whether waiting may help."""
        assert self._find_permanent is not None  # noqa: S101 - this thread is not started without
        while not self._over.wait(DOUBTS):
            for each in self._suspects:
                container = each.container
                if container is not None and container.state in ("running", "restarting", "starting"):
                    with contextlib.suppress(EngineError):
                        self.inbox.put(Permanent((container.id, container.started), self._find_permanent(each)))

    def _begin(self, task: Callable[..., None], *arguments: Any) -> None:
        """Run something in a daemon thread: it may wait for the engine longer than the process lives."""
        thread = threading.Thread(target=task, args=arguments, name=task.__name__, daemon=True)
        thread.start()
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
