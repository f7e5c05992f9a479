"""`invoke status`: what runs."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(prints=True, engine=True)
def status(c: Context, runtime: str = "", json: bool = False) -> int:
    """Show what runs: image, uptime, health, CPU, memory, ports.

    Example:
        invoke status --json
    """
    from upready.operations import status
    from upready.report import status as report
    from upready.report import warn
    from upready.runtime import choice

    settings = invocation.settings(c, runtime)
    return report.show(status.collect(choice.find(settings, warn), settings), as_json=json)
