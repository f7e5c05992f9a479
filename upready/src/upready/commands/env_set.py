"""`invoke env.set`: set one variable in `.env`."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="set",
    help={
        "assignment": "NAME=VALUE, or NAME alone to be asked for the value; a secret is never typed here.",
        "env": "The environment that the value must be good for.",
    },
    positional=["assignment"],
)
def env_set(c: Context, assignment: str | None = None, env: str = "", json: bool = False) -> int:
    """Set one variable in .env.

    So that compose reads back exactly that value.

    Example:
        invoke env.set API_PORT=8001
    """
    from upready.report import env as report

    return report.set_variable(invocation.stack(c, env), assignment or "", as_json=json)
