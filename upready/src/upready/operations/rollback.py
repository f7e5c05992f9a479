"""`invoke rollback`: bring back a release that has served, by the same steps as a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.operations import exclusive, restore_remains, swarm_changes
from upready.operations.deployment import PROD, Deployment
from upready.operations.launch import Launch
from upready.operations.launch_options import Show
from upready.operations.swarm_release import SwarmRelease
from upready.releases.history import BEGUN, History, Release
from upready.releases.plan import Change
from upready.runtime import choice, current, ownership
from upready.runtime.docker import containers
from upready.runtime.docker.containers import Containers
from upready.runtime.swarm.runtime import of
from upready.stack.settings import Settings
from upready.support.errors import UsageError


def rollback(settings: Settings, to: str, show: Show, lock_wait: float = 0.0) -> Launch:
    """Bring back a release that has served: the one before the current one, or the one that is named.

    After a `prod` that was cut off and is undone now, the release before it serves already: that one stays.

    Raises:
        UsageError: There is none, or it is not known.
        LockedError: Another task is at work on the project.
        OpsError: As `upready.operations.release.release` does.
    """
    with exclusive.hold(settings.root, "invoke rollback", lock_wait):
        project = current.name(settings)
        connected = of(containers.connect(), project)
        ownership.check(settings, project, connected, show.step, task="invoke rollback")
        with exclusive.on_engine(connected, project, "invoke rollback", lock_wait) as was_cut_off:
            if was_cut_off:
                restore_remains.look(settings, connected, show.warn)
            deployment = _deployment(connected, settings, show)
            begun = deployment.history.pending
            deployment.settle()
            if _is_undone(deployment.history, begun) and to in ("", deployment.history.current):
                show.step(f"{begun['release']} was cut off: {deployment.history.current} serves, and stays")
                return deployment.stay()
            away = _is_away(deployment, connected, settings)
            return deployment.back(_target(deployment.history, deployment.project, to, away=away))


def plan(settings: Settings, to: str, show: Show) -> tuple[list[Change], list[Release]]:
    """What a rollback would change, service by service, and the releases that ran migrations it does not take back.

    Raises:
        OpsError: As `rollback` does.
    """
    connected = of(containers.connect(), current.name(settings))
    planned = _deployment(connected, settings, show)
    told = planned.history
    undone = told.pending.get("task") == PROD and told.pending["result"] == BEGUN and to in ("", told.current)
    away = _is_away(planned, connected, settings)
    target = told.current if undone and told.current else _target(told, planned.project, to, away=away)
    if isinstance(planned, SwarmRelease):
        return swarm_changes.of(planned.plan_back(target)), planned.history.migrated(target)
    return planned.plan_back(target), planned.history.migrated(target)


def _deployment(connected: Containers, settings: Settings, show: Show) -> Deployment | SwarmRelease:
    """A change of the environment of which releases are made, whatever runs now."""
    environment = current.released_environment(settings, connected.containers(current.name(settings)))
    if choice.is_swarm(connected):
        return SwarmRelease(connected, settings, environment, show)
    return Deployment(connected, settings, environment, show)


def _is_undone(told: History, begun: Mapping[str, Any]) -> bool:
    """Whether a release that was begun was never finished, so that the one before it serves again.

    Going back once more would lead to one that nobody asked for.
    """
    name = str(begun.get("release", ""))
    return begun.get("task") == PROD and bool(told.current) and name in told.releases and told.releases[name].failed


def _is_away(deployment: Deployment | SwarmRelease, connected: Containers, settings: Settings) -> bool:
    """Whether another environment runs in the place of the releases."""
    running = connected.containers(deployment.project)
    return current.running_environment(settings, running) not in (None, deployment.environment)


def _target(told: History, project: str, to: str, *, away: bool = False) -> str:
    """The release to go back to; `away` says that another environment runs."""
    # What runs is not the current one either where a release stopped halfway, or was not ready in another's place.
    other = told.paused or told.unready or away
    target = to or (told.current if other else told.previous)
    if not target:
        raise UsageError(f"there is no release of {project} to go back to", next="invoke releases")
    known = told.releases.get(target)
    if known is None or known.failed:
        why = "failed, and never served" if known else "is not known"
        raise UsageError(f"the release {target} {why}", next="invoke releases")
    if target == told.current and not other:
        raise UsageError(f"the release {target} serves already", next="invoke releases")
    return target
