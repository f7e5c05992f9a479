"""`invoke releases`: what was released."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    prints=True,
    engine=True,
    help={"keep": "Remove old releases first, but for so many that have served.", "lock_wait": invocation.LOCK_WAIT},
)
def releases(c: Context, keep: str = "", lock_wait: str = "", json: bool = False) -> int:
    """List the releases, and say which of them serves.

    Example:
        invoke releases --json
    """
    from upready.operations import release
    from upready.report import launch
    from upready.report import releases as report

    settings = invocation.settings(c, released=True)
    count = invocation.count(keep, "--keep", 0)
    if count and invocation.dry(c):
        return report.surplus(release.surplus(settings, count), as_json=json)
    wait = invocation.seconds(lock_wait, "--lock-wait") or 0.0
    pruned = release.prune(settings, count, launch.Show(as_json=json), wait) if count else []
    return report.show(release.history_of(settings), pruned, as_json=json)
