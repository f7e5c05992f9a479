"""`invoke exec`: run a command in a service's container."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="exec",
    help={
        "service": "Where to run it.",
        "replica": "Which of its containers; any that runs by default.",
        "adopt": invocation.ADOPT,
    },
    positional=["service"],
    engine=True,
)
def execute(c: Context, service: str, replica: int = 0, adopt: bool = False, runtime: str = "") -> int:
    """Run a command in a service's container.

    The exit code is that of the command.

    Example:
        invoke exec db -- psql --version
    """
    from upready.operations import execute
    from upready.report import plan, warn
    from upready.runtime import choice

    settings = invocation.settings(c, runtime)
    dry = invocation.dry(c)
    connected = choice.find(settings, warn, adopt=adopt, task=f"invoke exec {service}", remember=not dry)
    call = execute.find(settings, connected, service, replica or None, invocation.remainder())
    return plan.steps("exec", call.plan(), as_json=False) if dry else call.run()
