"""One change of a project at a time on an engine, from whichever machine, user or checkout it comes.

The lock is a container that is made and never started: the engine lets one have its name. Its holder gives it the
engine's time again and again; one that has stopped to do so is gone (`kill -9`, a lost connection).

The time stands where a container says how often it is to be restarted, which means nothing for one that never ran. A
file within it would be simpler, but for each one the engine mounts the container, and an overlay that is unmounted has
the kernel write the whole disk's unsaved data: everybody on that machine waited for that, every five seconds.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from upready.releases import carrier
from upready.runtime.docker.engine import Engine, answering
from upready.support.errors import EngineError, LockedError, OpsError
from upready.support.next_step import AGAIN, either

LABEL = "upready.lock"
"""On the lock: the project's name."""

BEAT = 5.0
"""Seconds between two signs of life."""

GONE = 30.0
"""Seconds without a sign of life after which its holder is gone."""

LOOK_EVERY = 1.0
"""Seconds between two tries of one who waits."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        container: The id of the lock.
        task: The task: `invoke prod`.
        by: Who, and where: `user@host`.
        labels: Those of the lock, which tell whose it is.
        pid: The process on its machine.
        since: When it took the lock, in seconds since 1970 by the engine's clock.
        seen: Its last sign of life, by the same clock.
    """

    container: str
    task: str
    by: str
    labels: Mapping[str, str]
    pid: int
    since: float
    seen: float

    def is_gone(self, now: float) -> bool:
        """Whether it gives no sign of life any more, or was a process of this machine that has ended."""
        return carrier.has_ended(self.labels) or now - self.seen > GONE

    def words(self, now: float) -> str:
        """It, for people: `invoke prod of ann@host (process 12, for 30 s)`."""
        return f"{self.task} of {self.by} (process {self.pid}, for {max(0, round(now - self.since))} s)"


def name(project: str) -> str:
    """The name of a project's lock."""
    return f"{project}.lock"


@contextlib.contextmanager
def hold(engine: Engine, project: str, task: str, by: str, wait: float = 0.0) -> Iterator[bool]:
    """Hold a project's lock on the engine while the block runs; tells whether an earlier holder was ended at its work.

    Args:
        engine: The engine.
        project: Compose's project name.
        task: What holds it, as others are told.
        by: Who, and where: `user@host`.
        wait: Seconds to wait for another holder to end.

    Raises:
        LockedError: Another one holds it; the message names it.
        EngineError: The engine does not answer.
    """
    container, cut_off = _take(engine, project, task, by, time.monotonic() + wait)
    ended = threading.Event()
    beats = threading.Thread(target=_beat, args=(engine, container, ended), daemon=True)
    beats.start()
    lost = False
    try:
        yield cut_off
    except EngineError:
        # Nobody knows how far the work has come. Once this process has ended, the lock tells so to whoever is next.
        lost = True
        raise
    finally:
        ended.set()
        if not lost:
            beats.join()
            with contextlib.suppress(EngineError):
                carrier.remove(engine, container)


def holder(engine: Engine, project: str) -> Holder | None:
    """Who holds a project's lock; None where nobody does.

    Raises:
        EngineError: The engine does not answer.
    """
    found = _inspected(engine, name(project))
    if found is None:
        return None
    labels = found["Config"].get("Labels") or {}
    since = float(labels.get(f"{LABEL}.since", 0))
    sign = ((found.get("HostConfig") or {}).get("RestartPolicy") or {}).get("MaximumRetryCount") or 0
    return Holder(
        found["Id"],
        labels.get(f"{LABEL}.task", "another task"),
        labels.get(f"{LABEL}.by", "somebody"),
        labels,
        int(labels.get(carrier.PROCESS) or 0),
        since,
        max(since, float(sign)),
    )


def _take(engine: Engine, project: str, task: str, by: str, deadline: float) -> tuple[str, bool]:
    """The lock's container, and whether an earlier holder was ended at its work."""
    cut_off = False
    while True:
        now = carrier.clock(engine)
        told = {"task": task, "by": by, "since": str(now)}
        labels = {LABEL: project, **{f"{LABEL}.{key}": value for key, value in told.items()}}
        if made := carrier.make(engine, labels, name=name(project)):
            return made, cut_off
        other = holder(engine, project)
        if other is None:
            continue  # it has just ended
        if other.is_gone(now):
            cut_off = True
            carrier.remove(engine, other.container)
        elif time.monotonic() >= deadline:
            raise LockedError(
                f"{other.words(now)} is at work on {project} on this engine",
                next=either(f"wait until it is done: {AGAIN}", "where nobody is at work: invoke unlock"),
            )
        else:
            time.sleep(LOOK_EVERY)


def _beat(engine: Engine, container: str, ended: threading.Event) -> None:
    """Give signs of life until the lock's holder has ended; what the engine refuses is tried again."""
    api = cast("Any", engine.client.api)
    while not ended.wait(BEAT):
        with contextlib.suppress(OpsError), answering():
            # Asked each time: the clock of either machine may be set meanwhile, as after a sleep.
            sign = {"Name": "on-failure", "MaximumRetryCount": round(carrier.clock(engine))}
            api.update_container(container, restart_policy=sign)


def _inspected(engine: Engine, container: str) -> dict[str, Any] | None:
    from docker.errors import NotFound

    with answering():
        try:
            return dict(engine.client.api.inspect_container(container))
        except NotFound:
            return None
