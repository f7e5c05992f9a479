"""`invoke stop`: end what runs of this project."""

import contextlib

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "volumes": "Remove the data too, after a typed confirmation.",
        "yes": "Do not ask.",
        "timeout": "Seconds that each container gets to stop.",
        "adopt": invocation.ADOPT,
        "backup": "Keep a last backup of data that go; --no-backup keeps none.",
        "foreign": "Also stop what another checkout has started.",
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
    backup: bool = True,
    foreign: bool = False,
    lock_wait: str = "",
    runtime: str = "",
    json: bool = False,
) -> int:
    """Stop whatever runs of this project; the data stays.

    However it was started: in any environment and profile.

    Example:
        invoke stop --volumes    removes the data too
    """
    from upready.data.backup import silent
    from upready.operations import stop
    from upready.report import data, warn
    from upready.report import project as report

    dry = invocation.dry(c)
    grace, wait = invocation.seconds(timeout, "--timeout"), invocation.seconds(lock_wait, "--lock-wait") or 0.0
    options = stop.Options(volumes, grace, adopt, dry, backup, foreign, wait)
    confirm = None if yes else report.confirm_loss
    settings = invocation.settings(c, runtime)
    with data.progress() if yes and volumes and not dry else contextlib.nullcontext(silent) as progress:
        stopped = stop.stop(settings, options, confirm=confirm, tell=warn, progress=progress)
    return report.stopped(stopped, dry=dry, as_json=json)
