"""`invoke psql`: the database's own client."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "Which PostgreSQL; the only one that runs by default.",
        "replica": "Which of its containers; any that runs by default.",
        "adopt": invocation.ADOPT,
    },
    positional=["service"],
    engine=True,
)
def psql(c: Context, service: str | None = None, replica: int = 0, adopt: bool = False, runtime: str = "") -> int:
    """Open psql, with the service's own user and database.

    Options of psql stand behind --.

    Example:
        invoke psql -- -c 'SELECT version()'
    """
    from upready.operations import psql
    from upready.report import plan, warn
    from upready.runtime import choice

    settings = invocation.settings(c, runtime)
    dry = invocation.dry(c)
    connected = choice.find(settings, warn, adopt=adopt, task="invoke psql", remember=not dry)
    call = psql.find(settings, connected, service or "", replica or None, invocation.remainder())
    return plan.steps("psql", call.plan(), as_json=False) if dry else psql.run(call)
