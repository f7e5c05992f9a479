"""A change that was ended between two of its steps: the next task that comes by puts right what it has left."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from upready.operations import exclusive
from upready.runtime import choice, current
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container, Note, Runtime
from upready.stack.settings import Settings
from upready.support.errors import LockedError, OpsError, UsageError

if TYPE_CHECKING:
    from upready.readiness.health import Health
    from upready.runtime.docker.build import Progress, Step


class Brief:
    """Who is told in a line what is done.

    Args:
        tell: Told it.
    """

    live = False

    def __init__(self, tell: Note) -> None:
        self.step = self.warn = tell

    def build(self, progress: Progress, step: Step | None, line: str) -> None:
        """Nothing is built."""

    def confirm(self, question: str) -> None:
        """Nobody is there to say yes."""
        raise UsageError(question, next="invoke prod")

    def agree(self, question: str, details: Sequence[str], *, unattended: bool) -> None:
        """The same."""
        raise UsageError(question, next="invoke prod")

    def reading(self, what: str, count: int, of: int = 0, /) -> None:
        """Nobody waits."""

    def health(self, services: Sequence[Health]) -> None:
        """Nobody waits."""


def look(settings: Settings, connected: Runtime, project: str, containers: Sequence[Container], tell: Note) -> bool:
    """Put right what a change has left whose task has ended; returns whether there was any.

    One whose task is at work is none of anybody's business.

    Args:
        settings: The project's.
        connected: Where it runs.
        project: Compose's project name.
        containers: All of the project's.
        tell: Told what is done.

    Raises:
        EngineError: The engine does not answer.
    """
    if not isinstance(connected, Containers):
        return False
    from upready.releases import carrier, engine_lock

    sweep(connected, project)
    holder = engine_lock.holder(connected, project)
    # In Swarm each service keeps the label of the release that last changed it.
    if holder is None and (choice.is_swarm(connected) or not _are_mixed(containers)):
        return False
    if holder is not None and not holder.is_gone(carrier.clock(connected)):
        return False
    with suppress(LockedError), exclusive.on_engine(connected, project, "invoke health"):
        settle(settings, connected, project, tell)
        return True
    return False


def _are_mixed(containers: Sequence[Container]) -> bool:
    """Whether a service has containers of two releases: one is being made, or was ended at it."""
    pairs = {(each.service, each.release) for each in containers}
    return len(pairs) > len({service for service, _ in pairs})


def settle(settings: Settings, connected: Runtime, project: str, tell: Note, *, whole: bool = True) -> None:
    """The same while the lock on the engine is held; what cannot be put right is told.

    Args:
        settings: The project's.
        connected: Where it runs.
        project: Compose's project name.
        tell: Told what is done.
        whole: Whether what is not there any more of the version that stays is started again.

    Raises:
        EngineError: The engine does not answer.
    """
    if not isinstance(connected, Containers):
        return
    from upready.operations import restore_remains

    environment = current.released_environment(settings, connected.containers(project))
    try:
        _settle(settings, connected, environment, Brief(tell), whole=whole)
    except OpsError as error:
        tell(f"what an earlier task has left is not put right: {error.message}")
    restore_remains.look(settings, connected, tell)


def _settle(settings: Settings, connected: Containers, environment: str, show: Brief, *, whole: bool) -> None:
    if choice.is_swarm(connected):
        from upready.operations.swarm_release import SwarmRelease

        SwarmRelease(connected, settings, environment, show).settle(whole=whole)
        return
    from upready.operations.deployment import Deployment

    Deployment(connected, settings, environment, show).settle(whole=whole)


def sweep(connected: Runtime, project: str) -> None:
    """Remove what tasks have left that were ended while they read the record: it would keep the record's volume.

    Raises:
        EngineError: The engine does not answer.
    """
    if isinstance(connected, Containers):
        from upready.releases.record import Record

        Record(connected, project).sweep()
