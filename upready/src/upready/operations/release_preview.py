"""What a launch would do as a release, without building anything: for `invoke --dry prod`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from upready.operations import precaution
from upready.operations.cut_off import Brief
from upready.operations.deployment import PROD, Deployment
from upready.operations.launch_options import Options
from upready.releases.plan import NOTHING, Change
from upready.runtime import choice
from upready.runtime.actions import Action, Actions, ServiceAction
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Note, Runtime
from upready.stack.model import Model
from upready.stack.settings import Settings


def of(settings: Settings, environment: str, options: Options, connected: Runtime, tell: Note) -> Deployment | None:
    """The release that a launch would be; None where it makes none."""
    if environment != PROD or not isinstance(connected, Containers):
        return None
    return Deployment(connected, settings, environment, Brief(tell), edge_alone=options.edge)


def migrations(
    settings: Settings, options: Options, release: Deployment, merged: Model, built: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The services whose migrations a release may run, and what would be backed up before.

    `built` names the services whose images are to be built.
    """
    migrating = release.may_migrate(merged, built)
    asked = options.backup and bool(migrating)
    found = precaution.names(precaution.found(settings, release.engine, merged)[1]) if asked else []
    return tuple(migrating), tuple(found)


def changed(release: Deployment, merged: Model, actions: Actions) -> Actions:
    """What a start would do, as the release does it; compose knows nothing of the release that runs."""
    if choice.is_swarm(release.engine) or not release.follows():  # Swarm tells the changes of its services itself
        return actions
    changes = {each.service: each for each in release.plan(merged, {})[0]}
    return replace(actions, services=tuple(_as_changed(each, changes.get(each.service)) for each in actions.services))


def _as_changed(action: ServiceAction, change: Change | None) -> ServiceAction:
    if change is None or action.action is not Action.RECREATE:
        return action
    if change.action == NOTHING:
        return replace(action, action=Action.UNCHANGED, reasons=(), variables=())
    first = (f"stopped first ({change.order})",) if change.order else ()
    return replace(action, reasons=(change.action, *first, *change.reasons), variables=())
