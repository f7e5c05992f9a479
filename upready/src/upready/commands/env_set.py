"""`invoke env.set`: set one variable in `.env`."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="set",
    help={
        "assignment": "NAME=VALUE, or NAME alone to be asked for the value; a secret is never typed here.",
        "env": "The environment that the value must be good for; by default the one that runs.",
    },
    positional=["assignment"],
)
def env_set(c: Context, assignment: str | None = None, env: str = "", json: bool = False) -> int:
    """Set one variable in .env.

    So that compose reads back exactly that value.

    Example:
        invoke env.set API_PORT=8001
    """
    from upready.operations import env_set
    from upready.report import env as report
    from upready.report import plan, prompt
    from upready.runtime import last_used

    stack = invocation.stack(c, env or last_used.environment(invocation.settings(c)))
    dry = invocation.dry(c)
    changed = env_set.set_variable(stack, assignment or "", prompt.value, dry=dry)
    if dry:
        return plan.steps("env.set", changed.plan(), as_json=json)
    return report.changed(changed, stack.environment, as_json=json)
