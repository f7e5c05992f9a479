"""`invoke doctor`: whether this machine is able to run the stack."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(help={"env": "The environment that it is to run; the first one by default."}, prints=True, engine=True)
def doctor(c: Context, env: str = "", json: bool = False) -> int:
    """Check whether this machine can run the stack: exit 0, or 4.

    Example:
        invoke doctor --env prod
    """
    from upready.doctor import examinations
    from upready.report import doctor as report

    return report.show(examinations.examine(invocation.settings(c, environment=env), env or None), as_json=json)
