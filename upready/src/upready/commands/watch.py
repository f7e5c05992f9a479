"""`invoke watch`: after each edit, what `develop.watch` says is done, and every service is judged."""

from invoke.context import Context

from upready.commands import invocation, watching
from upready.commands.command import command


@command(
    help={
        "service": "Only this service; more than once for several.",
        "timeout": "Seconds until every service must be ready after a change.",
        "json": "Print one JSON object a line, for each event.",
    },
    short={"service": "s"},
    iterable=["service"],
    engine=True,
)
def watch(
    c: Context,
    service: list[str] = [],  # noqa: B006 - invoke's way of an option that may be repeated
    timeout: str = "",
    runtime: str = "",
    json: bool = False,
) -> int:
    """Watch the files: copy, restart or build after each edit.

    What is done is what develop.watch of each service says; then every service is judged. Ctrl-C ends the watch.

    Example:
        invoke watch --service web
    """
    from upready.operations.watch import rules, watched
    from upready.report import plan, warn
    from upready.stack.settings import NATIVE

    limit = invocation.seconds(timeout, "--timeout")
    settings = invocation.settings(c, runtime)
    if invocation.dry(c):
        found = watched.find(settings, service, limit, warn, dry=True)
        planned = rules.steps(found.rules, settings.root, native=found.connected.name == NATIVE)
        return plan.steps("watch", planned, as_json=json)
    return watching.watch(settings, service, limit, as_json=json)
