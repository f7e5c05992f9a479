"""`invoke rollback`: back to an earlier release."""

from invoke.context import Context

from upready.commands import invocation, notifying
from upready.commands.command import command


@command(
    help={
        "to": "The release to go back to, instead of the one before the current one; see invoke releases.",
        "yes": "Do not ask before a rollback over migrations.",
        "lock_wait": invocation.LOCK_WAIT,
        "notify": notifying.NOTIFY,
    },
    short={"yes": "y"},
    engine=True,
)
def rollback(
    c: Context, to: str = "", yes: bool = False, lock_wait: str = "", notify: bool = False, json: bool = False
) -> int:
    """Bring back an earlier release, ready before it serves.

    Example:
        invoke rollback --to 20261126T221500-1a2b3c4
    """
    from upready.operations import rollback
    from upready.report import launch as report
    from upready.report import releases as report_releases
    from upready.stack.settings import RELEASED

    shown = report.Show(as_json=json, yes=yes)
    settings = invocation.settings(c, released=True)
    if invocation.dry(c):
        changes, migrated = rollback.plan(settings, to, shown)
        return report_releases.back(changes, migrated, as_json=json)
    wait = invocation.seconds(lock_wait, "--lock-wait") or 0.0
    with notifying.notifying(settings, RELEASED, "rollback", desktop=notify) as end:
        with shown.running():
            ended = rollback.rollback(settings, to, shown, wait)
        end(ended)
        return report.ended(ended, as_json=json)
