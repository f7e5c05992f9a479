"""Compose's own watch, which does the work: run beside the tasks, and heard."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from upready.operations.launch_options import Show
from upready.operations.watch.rules import Change
from upready.runtime.docker import build, dockerfiles
from upready.stack import compose, compose_call
from upready.stack.model import Model
from upready.support import shell_words
from upready.support.errors import BuildError, EngineError, OpsError, StartError

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine

GRACE = 15.0
"""Seconds that containers which compose is just replacing get, before compose is ended."""

KEPT = 60
"""The last lines of compose that are kept."""

_ENABLED = "Watch enabled"
_REBUILDING = re.compile(r"Rebuilding service\(s\) ")
_SYNCING = re.compile(r"Syncing service ")
_BUILD_FAILED = re.compile(r"Build failed\. Error: ")
_FAILED = re.compile(
    r"(?:Failed to recreate services|Application failed to start) after update\. Error: (?P<said>.*)"
    r"|Error handling changed files: (?P<why>(?:\\.|[^\"\\])*)"
)
_COPYING = re.compile(r"copying files to (?P<id>[0-9a-f]{12,}): (?:Error response from daemon: )?(?P<why>.+)")
_CONTAINER = re.compile(r"^ ?Container (?P<name>\S+) +(?P<state>[A-Z]\w+)")
_BESIDE = ("copy", "command")
"""The failures of what compose does while it builds; of a command it does not say why."""
_AT_REST = ("Started", "Running", "Healthy", "Exited")


class Composing:
    """Compose's watch. Begins at once; `close` ends it.

    Args:
        connected: The engine.
        merged: The stack.
        services: Only these; none means all with rules.
        show: Told of each step of a build.

    Attributes:
        enabled: Set once compose watches the files.
        last: `time.monotonic()` when it last said something.
        building: Whether it has begun a build that has not failed yet.
        blamed: The services of the failure that was told last; empty where nobody knows.
    """

    def __init__(self, connected: Engine, merged: Model, services: tuple[str, ...], show: Show) -> None:
        self._connected, self._merged, self._show = connected, merged, show
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said: deque[str] = deque(maxlen=KEPT)
        self._printed: deque[str] = deque(maxlen=KEPT)
        self._cancel, self.enabled = threading.Event(), threading.Event()
        self._end: tuple[int, OpsError | None] | None = None
        self._moving: set[str] = set()
        self._progress = build.Progress({})
        self._failures: list[tuple[str, str]] = []
        self._rebuilt: frozenset[str] = frozenset()
        self.last, self.building, self.blamed = 0.0, False, frozenset[str]()
        self._thread = threading.Thread(target=self._run, args=(services,), name="compose watch", daemon=True)
        self._thread.start()

    def listen(self) -> None:
        """Take in what compose has said.

        Raises:
            OpsError: It has ended; the error says why.
        """
        ended = self._end
        while not self._lines.empty():
            self._hear(self._lines.get())
        if ended is not None:
            raise self._ended(*ended)

    @property
    def failing(self) -> bool:
        """Whether a change could not be done, of which nobody was told yet."""
        return bool(self._failures)

    def failure(self, quiet: float, changes: Sequence[Change] = ()) -> OpsError | None:
        """The first reason why a change could not be done, once compose has said nothing more for `quiet` seconds.

        Args:
            quiet: The seconds.
            changes: Those that it may be about.
        """
        if not self._failures or time.monotonic() - self.last < quiet:
            return None
        kind, said = self._failures.pop(0)
        self.blamed = self._rebuilt if kind == "build" else frozenset()
        self.building = self.building and kind in _BESIDE
        if kind == "command":
            return _command_failed(changes, said)
        if kind == "build":
            failed = self._progress.failure(lambda service, lines: build.source(self._merged, service, lines))
            if isinstance(failed, (BuildError, EngineError)):
                return failed
            return BuildError(failed.message, details=failed.details, next="invoke build")
        return self._refused(changes, said)

    def _refused(self, changes: Sequence[Change], said: str) -> OpsError | None:
        """The error of what the engine or compose has refused, from their words; None where it was not needed."""
        copied = _COPYING.match(said)
        found = self._connected.inspect(copied["id"]) if copied else None
        if copied and found:
            self.blamed = frozenset({found.service})
            # Compose also copies what is mounted, where that is refused if the mount is read-only.
            if not any(each.places for each in changes if each.service == found.service):
                return None
            return StartError(
                f"files could not be copied into {found.service}: {copied['why']}",
                next=f"correct services.{found.service} in the compose file, then: invoke dev",
            )
        told = compose_call.failed(compose.failure(said, StartError), said, self._connected)
        if isinstance(told, EngineError):
            return told
        return StartError(told.message, details=told.details, next=told.next or "invoke diagnose")

    def close(self) -> None:
        """End it; containers that it is just replacing are started first."""
        deadline = time.monotonic() + GRACE
        try:
            while self._end is None and time.monotonic() < deadline:
                while not self._lines.empty():
                    self._hear(self._lines.get())
                if not self._moving:
                    break
                time.sleep(0.05)
        finally:
            self._cancel.set()
            self._thread.join()

    def _run(self, services: tuple[str, ...]) -> None:
        stack = self._merged.stack
        error: OpsError | None = None
        code = 0
        try:
            code = compose_call.stream(
                compose.command(stack, "watch", "--no-up", *services),
                self._lines.put,
                self._connected,
                cwd=stack.root,
                env={**stack.variables, "COMPOSE_ANSI": "never"},
                cancel=self._cancel,
            )
        except OpsError as caught:
            error = caught
        self._end = code, error

    def _hear(self, line: str) -> None:
        self._said.append(line)
        self.last = time.monotonic()
        if line.startswith(_ENABLED):
            self.enabled.set()
        elif _REBUILDING.match(line):
            self.building = True
            self._failures = [each for each in self._failures if each[0] in _BESIDE]
            self._progress = build.Progress(built := _built(self._merged, line))
            self._rebuilt = frozenset(built)
        elif moved := _CONTAINER.match(line):
            (self._moving.discard if moved["state"] in _AT_REST else self._moving.add)(moved["name"])
        elif cut := _BUILD_FAILED.match(line):
            self._failures = [*(each for each in self._failures if each[0] in _BESIDE), ("build", line)]
            self._progress.feed(line[cut.end() :])
        elif _SYNCING.match(line):
            self._printed.clear()
        elif failed := _FAILED.search(line):
            self._fail(failed["said"] or failed["why"].replace('\\"', '"'))
        elif self.building:
            self._show.build(self._progress, self._progress.feed(line), line)
        else:
            self._printed.append(line)

    def _fail(self, why: str) -> None:
        """Note a failure. After one of a build, or of its containers, compose says the same in other words."""
        failed = ("copy" if _COPYING.match(why) else "start", why) if why else ("command", "\n".join(self._printed))
        if failed[0] in _BESIDE or not any(kind not in _BESIDE for kind, _ in self._failures):
            self._failures = list(dict.fromkeys([*self._failures, failed]))

    def _ended(self, code: int, error: OpsError | None) -> OpsError:
        """Why compose's watch is over, which only `close` ends."""
        if error is not None:
            return error
        said = "\n".join(self._said)
        if code:
            return compose_call.failed(compose.failure(said), said, self._connected)
        return EngineError(
            "compose's watch has ended by itself",
            details=[each for each in self._said if each.strip()][-5:],
            next="invoke watch",
        )


def _command_failed(changes: Sequence[Change], said: str) -> StartError:
    """The error of a command that compose has run after a copy; compose tells what it has printed, and no more."""
    details = [each for each in said.splitlines() if each.strip()][-20:]
    service, command = next(((each.service, each.commands[0]) for each in changes if each.commands), ("", ()))
    if not service:
        step = "correct exec.command in develop.watch, then: invoke watch"
        return StartError("a command that was run after a copy has failed", details=details, next=step)
    line = shell_words.line(command)
    return StartError(f"{service}: {line} has failed", details=details, next=f"invoke exec {service} -- {line}")


def _built(merged: Model, line: str) -> dict[str, str]:
    """The Dockerfiles of the services that compose says it rebuilds."""
    names = [each for each in re.findall(r'"([^"]+)"', line) if each in merged.services]
    return dockerfiles.find(merged, names)
