"""`invoke shell`: a shell in a service's container."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "Where; the only one that runs by default.",
        "replica": "Which of its containers; any that runs by default.",
        "adopt": invocation.ADOPT,
    },
    positional=["service"],
    engine=True,
)
def shell(c: Context, service: str | None = None, replica: int = 0, adopt: bool = False, runtime: str = "") -> int:
    """Open a shell in a service's container.

    That is bash where the image has it, else sh; without an engine your own.

    Example:
        invoke shell db
    """
    from upready.operations import execute
    from upready.report import plan, warn
    from upready.runtime import choice

    settings = invocation.settings(c, runtime)
    dry = invocation.dry(c)
    connected = choice.find(settings, warn, adopt=adopt, task="invoke shell", remember=not dry)
    call = execute.shell(settings, connected, service or "", replica or None)
    return plan.steps("shell", call.plan(), as_json=False) if dry else call.run()
