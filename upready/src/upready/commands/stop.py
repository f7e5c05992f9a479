"""`invoke stop`: end what runs of this project."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "volumes": "Remove the data too, after a typed confirmation.",
        "yes": "Do not ask.",
        "timeout": "Seconds that each container gets to stop.",
        "adopt": invocation.ADOPT,
        "lock_wait": invocation.LOCK_WAIT,
    },
    short={"yes": "y"},
    engine=True,
)
def stop(
    c: Context,
    volumes: bool = False,
    yes: bool = False,
    timeout: str = "",
    adopt: bool = False,
    lock_wait: str = "",
    runtime: str = "",
    json: bool = False,
) -> int:
    """Stop whatever runs of this project; the data stays.

    However it was started: in any environment and profile.

    Example:
        invoke stop --volumes    removes the data too
    """
    from upready.operations import stop
    from upready.report import project as report
    from upready.report import warn

    dry = invocation.dry(c)
    grace, wait = invocation.seconds(timeout, "--timeout"), invocation.seconds(lock_wait, "--lock-wait") or 0.0
    options = stop.Options(data=volumes, grace=grace, adopt=adopt, dry=dry, lock_wait=wait)
    confirm = None if yes else report.confirm_loss
    stopped = stop.stop(invocation.settings(c, runtime), options, confirm=confirm, tell=warn)
    return report.stopped(stopped, dry=dry, as_json=json)
