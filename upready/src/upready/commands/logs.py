"""`invoke logs`: the logs of all services, in time order."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "Only this service; more than once for several.",
        "follow": "Go on with what is logged from now on, across restarts; Ctrl-C ends.",
        "tail": "So many of the last lines, or all; 100 unless another option says which or where to.",
        "since": "From this time on: 10m, 1h30m, 14:30, 2026-11-29, 2026-11-29T14:30Z.",
        "until": "Up to this time.",
        "grep": "Only where this regular expression is found.",
        "exclude": "Only where this one is not found.",
        "level": "Only this level or worse: debug, info, warning, error, critical.",
        "json": "Print one JSON object a line.",
        "output": "Write to this file instead.",
        "color": "Colours on a terminal.",
        "reveal": "Show secrets.",
    },
    short={"follow": "f", "tail": "n", "service": "s"},
    iterable=["service"],
    prints=True,
    engine=True,
)
def logs(
    c: Context,
    service: list[str] = [],  # noqa: B006
    follow: bool = False,
    tail: str = "",
    since: str = "",
    until: str = "",
    grep: str = "",
    exclude: str = "",
    level: str = "",
    json: bool = False,
    output: str = "",
    color: bool = True,
    reveal: bool = False,
    runtime: str = "",
) -> int:
    """Show the logs of all services, in time order.

    Example:
        invoke logs --follow --service db --level warning
        invoke logs --since 10m --grep timeout --exclude /health
    """
    from upready.logs.query import Query
    from upready.operations import logs
    from upready.operations.step import Step
    from upready.report import logs as report
    from upready.report import plan, warn

    query = Query.parse(
        service=service,
        follow=follow,
        tail=tail,
        since=since,
        until=until,
        grep=grep,
        exclude=exclude,
        level=level,
        json=json,
        output=output,
        color=color,
        reveal=reveal,
    )
    if output and invocation.dry(c):
        return plan.steps("logs", [Step("write", (output,), f"write the logs to {output}")], as_json=json)
    return report.show(logs.find(invocation.settings(c, runtime), query, warn, report.note))
