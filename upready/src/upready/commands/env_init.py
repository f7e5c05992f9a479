"""`invoke env.init`: write `.env`, or add what it lacks."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="init",
    help={
        "env": "The environment that it must be good for.",
        "ask": "Ask for what only you know.",
        "isolated": "Free ports and a project name of its own, so that it runs beside other checkouts.",
    },
)
def env_init(c: Context, env: str = "", ask: bool = True, isolated: bool = False, json: bool = False) -> int:
    """Write .env, or add what is missing; secrets are generated.

    Example:
        invoke env.init --no-ask
    """
    from upready.operations import env_init
    from upready.report import env as report
    from upready.report import plan, prompt

    stack = invocation.stack(c, env)
    if invocation.dry(c):
        return plan.steps("env.init", env_init.draft(stack, isolated=isolated).plan(), as_json=json)
    asker = prompt.asker(stack) if ask and not json else None
    return report.initialised(env_init.initialise(stack, ask=asker, isolated=isolated), as_json=json)
