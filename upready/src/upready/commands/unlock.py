"""`invoke unlock`: take away the lock of a task that is gone."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(help={"yes": "Do not ask."}, short={"yes": "y"}, engine=True)
def unlock(c: Context, yes: bool = False) -> int:
    """Take away the lock of a release that was cut off; one that still works is not ended.

    Example:
        invoke unlock --yes
    """
    from upready.operations import unlock
    from upready.report import unlock as report

    settings = invocation.settings(c, released=True)
    if invocation.dry(c):
        return report.shown(unlock.holder(settings))
    return report.ended(unlock.unlock(settings, report.accept if yes else report.confirm))
