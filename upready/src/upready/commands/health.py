"""`invoke health`: whether every service answers."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command
from upready.support.errors import UsageError


@command(
    help={
        "wait": "Seconds to wait until every service is ready.",
        "watch": "Look again every second, until Ctrl-C.",
        "strict": "Fail when a service is degraded, too.",
        "json": "Print one JSON document, for scripts; with --watch, an object a line for each change.",
    },
    prints=True,
    engine=True,
)
def health(
    c: Context, wait: str = "", watch: bool = False, strict: bool = False, runtime: str = "", json: bool = False
) -> int:
    """Look once whether every service answers: exit 0, or 7.

    Example:
        invoke health --wait 2m
    """
    from upready.operations import health
    from upready.report import health as report
    from upready.report import warn

    if watch and (strict or wait):
        raise UsageError(
            f"--watch and {'--strict' if strict else '--wait'} do not go together: a watch only ends with Ctrl-C",
            next=f"invoke health {'--strict' if strict else f'--wait {wait}'}",
        )
    settings = invocation.settings(c, runtime)
    if watch:
        return report.follow(health.watch(settings, warn), as_json=json)
    return report.show(health.look(settings, invocation.seconds(wait, "--wait"), warn), strict=strict, as_json=json)
