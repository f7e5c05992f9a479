"""`invoke releases`: what was released."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(prints=True, engine=True)
def releases(c: Context, json: bool = False) -> int:
    """List the releases, and say which of them serves.

    Example:
        invoke releases --json
    """
    from upready.operations import release
    from upready.report import releases as report

    return report.show(release.history_of(invocation.settings(c, environment=invocation.RELEASED)), as_json=json)
