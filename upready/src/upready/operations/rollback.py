"""`invoke rollback`: bring back a release that has served, by the same steps as a new one."""

from __future__ import annotations

from upready.operations import exclusive
from upready.operations.deployment import Deployment
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.releases import engine_lock, history
from upready.releases.history import Release
from upready.releases.plan import Change
from upready.releases.record import Record
from upready.runtime import current, ownership
from upready.runtime.docker import containers
from upready.runtime.docker.containers import Containers
from upready.stack.settings import Settings
from upready.support import users
from upready.support.errors import UsageError


def rollback(settings: Settings, to: str, show: Show, lock_wait: float = 0.0) -> Launch:
    """Bring back a release that has served: the one before the current one, or the one that is named.

    Raises:
        UsageError: There is none, or it is not known.
        LockedError: Another task is at work on the project.
        OpsError: As `upready.operations.release.release` does.
    """
    with exclusive.hold(settings.root, "invoke rollback"):
        connected = containers.connect()
        project = current.name(settings)
        ownership.check(settings, project, connected, show.step, task="invoke rollback")
        with engine_lock.hold(connected, project, "invoke rollback", users.name(), lock_wait):
            environment, target = _target(connected, settings, to)
            return Deployment(connected, settings, environment, show).back(target)


def plan(settings: Settings, to: str, show: Show) -> tuple[list[Change], list[Release]]:
    """What a rollback would change, service by service, and the releases that ran migrations it does not take back.

    Raises:
        OpsError: As `rollback` does.
    """
    connected = containers.connect()
    environment, target = _target(connected, settings, to)
    planned = Deployment(connected, settings, environment, show)
    return planned.plan_back(target), planned.history.migrated(target)


def _target(connected: Containers, settings: Settings, to: str) -> tuple[str, str]:
    """The environment that runs, and the release to go back to."""
    project = current.name(settings)
    told = history.read(Record(connected, project).entries())
    environment = current.running_environment(settings, connected.containers(project)) or settings.default
    target = to or told.previous
    if not target:
        raise UsageError(f"there is no release of {project} to go back to", next="invoke releases")
    known = told.releases.get(target)
    if known is None or known.failed:
        why = "failed, and never served" if known else "is not known"
        raise UsageError(f"the release {target} {why}", next="invoke releases")
    if target == told.current:
        raise UsageError(f"the release {target} serves already", next="invoke releases")
    return environment, target
