"""`invoke restore`: a backup in the place of what is there."""

from pathlib import Path

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "backup": "A file, a folder (its newest) or either in s3://, an id of invoke backup --list, or latest.",
        "service": "Only this service's data; may be given more than once.",
        "into": "Restore into a new database of this name, beside what is there.",
        "identity": "The file with the secret key, where the backup is encrypted.",
        "yes": "Do not ask.",
        "adopt": invocation.ADOPT,
    },
    positional=["backup"],
    engine=True,
    short={"yes": "y"},
    iterable=["service"],
)
def restore(
    c: Context,
    backup: str | None = None,
    service: list[str] = [],  # noqa: B006 - invoke's way of an option that may be repeated
    into: str = "",
    identity: str = "",
    yes: bool = False,
    adopt: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Put a backup in the place of the stack's data.

    It is proven first, and restored beside what is there, which is backed up and serves on until the end.

    Example:
        invoke restore latest
    """
    from upready.operations import restore
    from upready.report import data as report_data
    from upready.report import launch as report_launch
    from upready.report import plan
    from upready.report import restore as report

    settings = invocation.settings(c, runtime)
    options = restore.Options(
        backup or "latest", tuple(service), into, Path(identity).expanduser() if identity else None, adopt
    )
    shown = report_launch.Show(as_json=json)
    if invocation.dry(c):
        return plan.steps("restore", restore.plan(settings, options, shown.warn), as_json=json)
    confirm = None if yes else report.confirm
    with report_data.progress() as progress:
        restored = restore.restore(settings, options, shown, progress, confirm=confirm)
    return report.restored(restored, as_json=json)
