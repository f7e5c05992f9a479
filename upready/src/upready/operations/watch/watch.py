"""Watch the files of a stack: compose, or natively the runtime, does what the rules say; then every service is judged.

Files are compared here, on every runtime alike: compose does not say which have changed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence

from upready.operations import exclusive, health, launch, restart
from upready.operations.cut_off import Brief
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.operations.watch import evidence, files, rules
from upready.operations.watch.composing import Composing
from upready.operations.watch.event import Event, Kind
from upready.operations.watch.rules import SYNCS, Action, Change, Rule
from upready.operations.watch.watched import Watched
from upready.readiness.start_thread import Start
from upready.readiness.wait import SupersededError
from upready.runtime.docker import executions
from upready.runtime.docker.containers import Containers
from upready.support.errors import LockedError, OpsError, UnhealthyError

INTERVAL = 0.4
"""Seconds between two looks at the files at least."""

SHARE = 0.1
"""The share of one core that looks at the files may take."""

SETTLED = 3.0
"""Seconds that files may go on changing before the first of them are told."""

DONE = 0.2
"""Seconds between two looks whether a change's work is done."""

HOLD = 2.0
"""Seconds for which services must stay ready after files were copied: a service that reloads answers until it does."""

QUIET = 1.0
"""Seconds without a word of compose after which its message about a failure is complete."""

UNHEARD = 15.0
"""Seconds after which compose, which has said nothing, does nothing about a change."""

STALE = 60.0
"""Seconds after compose's last word within which a change's work must show, unless an image is being built."""

ABSENT = 5.0
"""Seconds between two looks whether anything runs at all."""

LOCK_WAIT = 30.0
"""Seconds to wait, natively, for another task that is at work on the project."""


class Watching:
    """One watch. `events` is its course; closing that ends it, and leaves the services running.

    Args:
        watched: What is watched.
        show: Told of what happens within a change.
    """

    def __init__(self, watched: Watched, show: Show) -> None:
        self._it, self._show = watched, show
        self._connected, self._stack = watched.connected, watched.merged.stack
        self._composing: Composing | None = None
        self._pending: dict[str, Change] = {}
        self._told: Sequence[Change] = ()
        self._files = files.look(watched.rules)
        self._looked, self._cost = 0.0, 0.0
        self._there, self._absences = time.monotonic(), 0
        self._before = self._connected.containers(self._stack.project)

    def events(self) -> Generator[Event]:
        """What happens, without end.

        Raises:
            OpsError: The watch has ended by itself: compose or the engine has gone, or nothing runs any more.
        """
        try:
            self._begin()
            yield self._event(Kind.WATCHING, rules=self._it.rules)
            while True:
                if self._changed():
                    yield from self._follow_up()
                elif error := self._late_failure():
                    yield self._event(Kind.FAILED, self._told, error=error)
                else:
                    self._look_for_containers()
                    time.sleep(DONE)
        finally:
            if self._composing is not None:
                self._composing.close()

    def _begin(self) -> None:
        """Have compose watch; what changes from now on counts."""
        if not isinstance(self._connected, Containers):
            return
        self._composing = Composing(self._connected, self._it.merged, self._it.names, self._show)
        deadline = time.monotonic() + UNHEARD
        while not self._composing.enabled.is_set() and time.monotonic() < deadline:
            self._composing.listen()
            time.sleep(0.02)
        self._files = files.look(self._it.rules)

    def _changed(self) -> bool:
        """Whether something has changed that nobody was told of yet. Also hears compose."""
        if self._composing is not None:
            self._composing.listen()
        began = time.monotonic()
        if began - self._looked >= max(INTERVAL, self._cost / SHARE):
            now = files.look(self._it.rules)
            found, self._files = files.changed(self._files, now), now
            self._pending = rules.joined(self._pending, rules.changes(self._it.rules, found))
            self._looked = time.monotonic()
            self._cost = self._looked - began
        return bool(self._pending)

    def _follow_up(self) -> Iterator[Event]:
        """See to it that changes are done, and that the services are ready; more may change meanwhile."""
        every: dict[str, Change] = {}
        undone: dict[str, Change] = {}
        while self._pending:
            self._let_settle()
            changes, self._pending = self._pending, {}
            every, undone = rules.joined(every, changes), rules.joined(undone, changes)
            self._told = list(changes.values())
            yield self._event(Kind.CHANGE, self._told)
            with contextlib.suppress(SupersededError):
                while every:
                    try:
                        begin = self._act(list(undone.values()))
                        undone = {}
                        ended = self._judge(list(every.values()), begin)
                    except (_FailedError, LockedError) as failed:
                        error, blamed = (
                            (failed.error, failed.blamed) if isinstance(failed, _FailedError) else (failed, ())
                        )
                        gone = [each for each in every.values() if each.service in blamed] or list(every.values())
                        yield self._event(Kind.FAILED, gone, error=error)
                        # What else has changed is done all the same, and judged.
                        for each in gone:
                            del every[each.service]
                            undone.pop(each.service, None)
                    else:
                        kind = Kind.READY if ended.error is None else Kind.UNREADY
                        yield self._event(kind, list(every.values()), launch=ended)
                        every, undone = {}, {}

    def _let_settle(self) -> None:
        """Wait until no more files change: an editor saves several, or one in steps."""
        deadline, count = time.monotonic() + SETTLED, -1
        while count != (count := sum(len(each.files) for each in self._pending.values())):
            self._looked = min(self._looked, time.monotonic() - INTERVAL / 2)
            time.sleep(INTERVAL / 2)
            self._changed()
            if time.monotonic() > deadline:
                return

    def _act(self, changes: Sequence[Change]) -> Start | None:
        """Wait until compose has done its work; natively, what does it.

        Raises:
            SupersededError: More has changed.
        """
        if self._composing is None:
            names = [each.service for each in changes if each.action is not Action.SYNC]
            there = self._connected.containers(self._stack.project)
            names = [name for name in names if any(each.service == name for each in there)]
            return restart.begin(self._connected, self._it.merged, names, there) if names else None
        self._wait_for_compose(self._composing, changes)
        self._before = self._connected.containers(self._stack.project)
        return None

    def _wait_for_compose(self, composing: Composing, changes: Sequence[Change]) -> None:
        began = time.monotonic()
        commands = _commands(changes)
        executed = 0.0
        while True:
            composing.listen()
            if (error := composing.failure(QUIET, changes)) is not None:
                raise _FailedError(error, composing.blamed)
            done = not composing.failing and self._is_done(changes)
            runs = done and self._is_executing(commands)
            # A command begins a moment after the copy, and nobody tells of its end.
            executed = time.monotonic() if runs or not executed else executed
            if done and not runs and (not commands or time.monotonic() - executed >= HOLD):
                break
            heard = composing.last >= began
            silent = time.monotonic() - max(began, composing.last)
            if silent > (STALE if heard else UNHEARD) and not (done or composing.building):
                told = ", ".join(each.service for each in changes)
                self._show.warn(f"compose has done nothing about the change for {told} in {silent:.0f} s")
                return
            if self._changed():
                # What has failed is told first: compose does not try it again. Of a build it may yet tell more.
                if not composing.building and (error := composing.failure(0, changes)) is not None:
                    raise _FailedError(error, composing.blamed)
                raise SupersededError
            time.sleep(DONE)
        composing.building = False

    def _late_failure(self) -> OpsError | None:
        """Why something could not be done that had seemed to be, or of which the files were not looked at yet."""
        if self._composing is None or not self._composing.failing:
            return None
        self._looked = 0.0
        return None if self._changed() else self._composing.failure(QUIET, self._told)

    def _is_executing(self, commands: Iterable[tuple[str, Sequence[str]]]) -> bool:
        """Whether a command that follows a copy still runs in a container of its service."""
        assert isinstance(self._connected, Containers)  # noqa: S101 - only there compose watches
        return any(
            executions.runs(self._connected, each.id, command)
            for service, command in commands
            for each in self._connected.containers(self._stack.project)
            if each.service == service
        )

    def _is_done(self, changes: Iterable[Change]) -> bool:
        assert isinstance(self._connected, Containers)  # noqa: S101 - only there compose watches
        now = self._connected.containers(self._stack.project)
        return all(evidence.is_done(each, self._before, now, self._connected.read) for each in changes)

    def _judge(self, changes: Sequence[Change], begin: Start | None) -> Launch:
        """Wait until every service is ready, and still is after a while where one may reload by itself.

        Raises:
            SupersededError: More has changed.
            LockedError: Natively, another task is at work on the project.
        """
        with contextlib.ExitStack() as held:
            if begin is not None:
                held.enter_context(exclusive.hold(self._it.settings.root, "invoke watch", LOCK_WAIT))
            ended = self._wait(begin, self._show)
        if ended.error is None and any(each.action in SYNCS for each in changes):
            deadline = time.monotonic() + HOLD
            while time.monotonic() < deadline:
                if self._changed():
                    raise SupersededError
                time.sleep(DONE)
            # Of what was told a moment ago, nothing is told again.
            ended = self._wait(None, Brief(self._show.warn))
        return ended

    def _wait(self, begin: Start | None, show: Show) -> Launch:
        merged = self._it.merged
        services = health.expected(self._it.settings, merged, self._connected.containers(self._stack.project))
        return launch.until_ready(self._connected, merged, services, begin, show, superseded=self._changed)

    def _look_for_containers(self) -> None:
        """Notice that the stack was stopped elsewhere.

        Raises:
            UnhealthyError: It was.
        """
        if time.monotonic() - self._there < ABSENT:
            return
        self._there = time.monotonic()
        self._absences = 0 if self._connected.containers(self._stack.project) else self._absences + 1
        if self._absences > 1:
            raise UnhealthyError(
                f"nothing of {self._stack.project} runs any more: the watch has ended",
                next="invoke dev --watch",
            )

    def _event(
        self,
        kind: Kind,
        changes: Sequence[Change] = (),
        *,
        rules: Sequence[Rule] = (),
        launch: Launch | None = None,
        error: OpsError | None = None,
    ) -> Event:
        return Event(kind, self._stack, self._connected.name, changes, rules, launch, error)


def _commands(changes: Iterable[Change]) -> list[tuple[str, Sequence[str]]]:
    """What compose runs after copies: each service with its command."""
    return [(each.service, command) for each in changes for command in each.commands]


class _FailedError(Exception):
    """Compose could not do what a change asks for, of these services; of all where nobody knows."""

    def __init__(self, error: OpsError, blamed: Collection[str]) -> None:
        super().__init__(error.message)
        self.error, self.blamed = error, blamed
