"""Tell a user what is about to change, and ask whether to go on."""

from __future__ import annotations

from collections.abc import Sequence

from upready.operations.launch_options import Show
from upready.releases import migrations, plan
from upready.releases.history import Release
from upready.releases.plan import Change
from upready.runtime.interface import Runtime

_VARIABLE = "environment."
"""What begins the reason of a change where a variable of a service has another value."""


def to_gaps(changes: Sequence[Change], show: Show) -> None:
    """Tell what is about to change, and have the user agree where a service is away meanwhile.

    Without a terminal the change goes on: a release that a script makes must not wait for anybody.

    Args:
        changes: Service by service.
        show: Tells it, and asks.

    Raises:
        UsageError: The user does not agree.
    """
    if gaps := [each.words for each in _told(changes, show) if each.gap]:
        show.agree("this release stops a service before its new version runs", gaps, unattended=True)


def of_way_back(changes: Sequence[Change], target: str, show: Show) -> None:
    """Tell what a rollback changes, and which variables get their earlier values: one may be a key that has leaked.

    Nobody is asked: a rollback is wanted at once.

    Args:
        changes: Service by service.
        target: The release to go back to.
        show: Tells it.
    """
    reasons = [reason for each in _told(changes, show) for reason in each.reasons]
    of_earlier_values([each.removeprefix(_VARIABLE) for each in reasons if each.startswith(_VARIABLE)], target, show)


def of_earlier_values(names: Sequence[str], target: str, show: Show) -> None:
    """Tell which variables get the values again that an earlier release has.

    Args:
        names: The variables; no sentence where there is none.
        target: The release.
        show: Tells it.
    """
    if names:
        show.warn(f"as in {target} again, whatever .env says: {', '.join(dict.fromkeys(names))}")


def _told(changes: Sequence[Change], show: Show) -> list[Change]:
    """Tell what changes; returns that."""
    told = [each for each in changes if each.action != plan.NOTHING]
    for each in told:
        show.step(f"plan: {each.words}")
    return told


def to_end_release(connected: Runtime, project: str, environment: str, show: Show) -> None:
    """Have the user agree that an environment takes the place of another one's release on another machine's engine.

    On this machine's own engine nobody is asked: there `dev` and `prod` take turns, and a folder's stack is its own.

    Args:
        connected: The engine.
        project: Compose's project name.
        environment: What is to be started.
        show: Tells it, and asks.

    Raises:
        UsageError: The user does not agree, or nobody is there to be asked.
        EngineError: The engine does not answer.
    """
    if connected.local:
        return
    found = {each.release: each.environment for each in connected.containers(project) if each.release}
    if told := [f"{name} is a release of {other}" for name, other in sorted(found.items()) if other != environment]:
        what = f"{environment} takes the place of what is released at {connected.address}"
        show.agree(what, told, unattended=False)


def to_migrations(target: str, migrated: Sequence[Release], show: Show) -> None:
    """Tell which migrations stay when a rollback goes back over them, and have the user agree.

    Args:
        target: The release to go back to.
        migrated: The releases after it that ran migrations.
        show: Tells it, and asks.

    Raises:
        UsageError: The user does not agree, or nobody is there to be asked.
    """
    if migrated:
        show.agree(
            f"{target} was made before migrations that a rollback does not take back",
            [
                line
                for each in migrated
                for line in (
                    f"{each.release} ran the migrations of {', '.join(each.migrations)}",
                    *migrations.kept(each.backup, each.by),
                )
            ],
            unattended=False,
        )
