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
        "new_secrets": "Generate new secrets, though data are there that only the old ones open.",
        "yes": "Do not ask whether containers' values are taken back.",
    },
    short={"yes": "y"},
)
def env_init(
    c: Context,
    env: str = "",
    ask: bool = True,
    isolated: bool = False,
    new_secrets: bool = False,
    yes: bool = False,
    json: bool = False,
) -> int:
    """Write .env, or add what is missing; secrets are generated.

    Where a container still has what .env has lost, its values are taken back.

    Example:
        invoke env.init --no-ask
    """
    from upready.operations import env_init
    from upready.report import env as report
    from upready.report import plan, prompt

    stack = invocation.stack(c, env)
    settings = invocation.settings(c, environment=env)
    options = env_init.Options(isolated, new_secrets)
    if invocation.dry(c):
        return plan.steps("env.init", env_init.draft(settings, stack, options).plan(), as_json=json)
    asker = prompt.asker(stack) if ask and not json else None
    confirm = None if yes else prompt.confirm_kept
    done = env_init.initialise(settings, stack, options, ask=asker, confirm=confirm)
    return report.initialised(done, as_json=json)
