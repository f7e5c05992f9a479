"""`invoke prod`: make a release of what the files say, and go back to what ran before where it is sick."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upready.operations import exclusive, launch, precaution, restore_remains
from upready.operations.deployment import Deployment
from upready.operations.launch import Launch
from upready.operations.launch_options import Options, Show
from upready.releases import history
from upready.releases import prune as prunes
from upready.releases.history import History
from upready.releases.plan import Change
from upready.releases.record import Record
from upready.runtime import choice, current, last_used, memory
from upready.runtime.docker import containers
from upready.runtime.docker.build_names import Names
from upready.runtime.docker.containers import Containers
from upready.stack.model import Model
from upready.stack.settings import Settings
from upready.support.errors import EngineError, RolledBackError, UsageError

if TYPE_CHECKING:
    from upready.operations.swarm_release import SwarmRelease
    from upready.runtime.swarm.runtime import Swarm


def release(settings: Settings, environment: str, options: Options, show: Show) -> Launch:
    """Bring up what the files say as a release, and wait until every service is ready.

    Raises:
        OpsError: As `launch.launch` does.
    """
    with exclusive.hold(settings.root, task := f"invoke {environment}", options.lock_wait):
        names, known = Names(), last_used.recall(settings.root)
        connected, merged = launch.prepare(settings, environment, options, show, names)
        if not isinstance(connected, Containers):
            show.step("start")
            return launch.start(connected, merged, show)
        with (
            _built(connected, merged, names) as built,
            exclusive.on_engine(connected, merged.stack.project, task, options.lock_wait) as was_cut_off,
        ):
            if was_cut_off:
                restore_remains.look(settings, connected, show.warn)
            if choice.is_swarm(connected):
                ended = _on_swarm(connected, settings, environment, show, options).release(merged, built)
            else:
                made = Deployment(connected, settings, environment, show, options.keep, options.edge, options.backup)
                ended = made.release(merged, built)
        if isinstance(ended.error, RolledBackError):
            # A service that is new in it is gone again, and is not missing.
            same = (known.project, known.environment) == (merged.stack.project, environment)
            memory.remember(settings, connected, environment, known.services if same else ())
        return ended


def _on_swarm(swarm: Swarm, settings: Settings, environment: str, show: Show, options: Options) -> SwarmRelease:
    from upready.operations.swarm_release import SwarmRelease

    return SwarmRelease(swarm, settings, environment, show, options.keep, options.backup, options.edge)


@contextlib.contextmanager
def _built(connected: Containers, merged: Model, names: Names) -> Iterator[dict[str, str]]:
    """The ids of the images that were built just now, by service; for the block, none of them is without a name."""
    try:
        yield names.ids(connected, merged.wanted)
    finally:
        with contextlib.suppress(EngineError):
            names.remove(connected)


@dataclass(frozen=True)
class Plan:
    """What a release would do.

    Attributes:
        changes: Service by service.
        migrations: The services that would run migrations.
        backed_up: What would be backed up before that: services, and volumes of those that do not run.
    """

    changes: Sequence[Change]
    migrations: Sequence[str] = ()
    backed_up: Sequence[str] = ()


def plan(settings: Settings, environment: str, options: Options, show: Show) -> Plan:
    """What a release would change, service by service. Images are built, as they tell it; nothing else is done.

    Raises:
        UsageError: The stack runs without an engine, where there are no releases.
        OpsError: As `release` does.
    """
    with exclusive.hold(settings.root, f"invoke {environment} --plan"):
        names = Names()
        connected, merged = launch.prepare(settings, environment, options, show, names)
        if not isinstance(connected, Containers):
            raise UsageError("releases need a Docker Engine", next=f"invoke --dry {environment}")
        if choice.is_swarm(connected):
            from upready.operations import swarm_changes

            with _built(connected, merged, names) as built:
                planned, migrating = _on_swarm(connected, settings, environment, show, options).plan(merged, built)
            changes = swarm_changes.of(planned)
        else:
            made = Deployment(connected, settings, environment, show, edge_alone=options.edge, backup=options.backup)
            with _built(connected, merged, names) as built:
                changes, migrating = made.plan(merged, built)
        asked = options.backup and bool(migrating)
        backed_up = precaution.names(precaution.found(settings, connected, merged)[1]) if asked else []
        return Plan(changes, migrating, backed_up)


def prune(settings: Settings, keep: int, show: Show, lock_wait: float = 0.0) -> list[str]:
    """Remove the images and models of the releases that are more than `keep`; returns their names.

    Raises:
        LockedError: Another task is at work on the project.
        EngineError: The engine does not answer.
    """
    from upready.runtime.swarm.runtime import of

    project = current.name(settings)
    connected = of(containers.connect(), project)
    with exclusive.on_engine(connected, project, "invoke releases --keep", lock_wait):
        environment = current.released_environment(settings, connected.containers(project))
        if choice.is_swarm(connected):
            return _on_swarm(connected, settings, environment, show, Options()).prune(keep)
        return Deployment(connected, settings, environment, show).prune(keep)


def surplus(settings: Settings, keep: int) -> list[str]:
    """The releases that `prune` would remove, oldest first.

    Raises:
        EngineError: The engine does not answer.
    """
    return prunes.surplus(history_of(settings), keep)


def history_of(settings: Settings) -> History:
    """What was released of a project.

    Raises:
        EngineError: The engine does not answer.
    """
    return history.read(Record(containers.connect(), current.name(settings)).entries())
