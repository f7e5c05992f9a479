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
    from upready import dotenv
    from upready.report import env as report
    from upready.report import prompt
    from upready.support import files

    stack = invocation.stack(c, env)
    created = not files.there(stack.env_file)
    # Without an example there is nothing to write but what is this checkout's own.
    written = files.there(stack.example) or not isolated
    names = dotenv.initialise(stack, ask=prompt.asker(stack) if ask and not json else None) if written else []
    own = None
    if isolated:
        from upready.operations import isolation

        own = isolation.isolate(stack)
    return report.initialised(names, dotenv.still_open(stack), created=created, own=own, as_json=json)
