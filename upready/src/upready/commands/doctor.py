"""`invoke doctor`: whether this machine is able to run the stack."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(dry=True, prints=True)
def doctor(c: Context, json: bool = False) -> int:
    """Check whether this machine can run the stack: exit 0, or 4.

    Example:
        invoke doctor --json
    """
    from upready.doctor import examinations
    from upready.report import doctor as report

    return report.show(examinations.examine(invocation.settings(c)), as_json=json)
