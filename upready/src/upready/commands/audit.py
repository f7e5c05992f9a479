"""`invoke audit`: who changed what."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(prints=True, engine=True)
def audit(c: Context, json: bool = False) -> int:
    """Tell who released what, when, and what came of it.

    Example:
        invoke audit --json
    """
    from upready.operations import audit
    from upready.report import audit as report

    return report.show(audit.audit(invocation.settings(c, released=True)), as_json=json)
