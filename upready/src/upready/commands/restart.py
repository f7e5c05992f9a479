"""`invoke restart`: restart containers, and wait until they are ready again."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "Only this service; more than once for several.",
        "timeout": "Seconds until every service must be ready again.",
        "adopt": invocation.ADOPT,
        "lock_wait": invocation.LOCK_WAIT,
    },
    iterable=["service"],
    engine=True,
)
def restart(
    c: Context,
    service: list[str] = [],  # noqa: B006
    timeout: str = "",
    adopt: bool = False,
    lock_wait: str = "",
    runtime: str = "",
    json: bool = False,
) -> int:
    """Restart containers as they are, and wait until all answer.

    Example:
        invoke restart --service db --timeout 90s
    """
    from upready.operations import restart
    from upready.report import launch as report
    from upready.report import plan, warn

    if invocation.dry(c):
        limit = invocation.seconds(timeout, "--timeout")
        planned = restart.plan(invocation.settings(c, runtime), service, limit, warn, adopt=adopt)
        return plan.show(planned, as_json=json)
    shown = report.Show(as_json=json)
    with shown.running():
        wanted = invocation.seconds(timeout, "--timeout")
        wait = invocation.seconds(lock_wait, "--lock-wait") or 0.0
        ended = restart.restart(invocation.settings(c, runtime), service, wanted, shown, adopt=adopt, lock_wait=wait)
    return report.ended(ended, as_json=json)
