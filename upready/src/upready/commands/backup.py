"""`invoke backup`: what of a stack is data, in one file."""

from pathlib import Path

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "output": "A file, a folder, or s3://BUCKET/FOLDER/; by default the project's own folder of backups.",
        "service": "Only this service's data; may be given more than once.",
        "keep": "Keep so many of the newest in that folder, and throw away the others.",
        "keep_daily": "Keep the newest of each day, for so many days.",
        "keep_weekly": "Keep the newest of each week, for so many weeks.",
        "prove": "Make none: restore the latest into a container that is thrown away, and count its rows.",
        "identity": "The file with the secret key, to prove an encrypted one.",
        "list": "Show the backups that there are, and make none.",
        "adopt": invocation.ADOPT,
    },
    short={"output": "o"},
    engine=True,
    iterable=["service"],
)
def backup(
    c: Context,
    output: str = "",
    service: list[str] = [],  # noqa: B006 - invoke's way of an option that may be repeated
    keep: str = "",
    keep_daily: str = "",
    keep_weekly: str = "",
    prove: bool = False,
    identity: str = "",
    list: bool = False,  # noqa: A002 - the option's name
    adopt: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Back up the stack's data into one file, while it runs.

    Databases by their own tools; named volumes as archives, with the services that use them paused meanwhile.

    Example:
        invoke backup --output /mnt/backups/ --keep-daily 7 --keep-weekly 4
    """
    from upready.data.shelf import Keep
    from upready.operations import backup
    from upready.report import data as report
    from upready.report import plan, warn

    settings = invocation.settings(c, runtime)
    if list:
        return report.backups(backup.listed(settings, output, warn), as_json=json)
    if prove and not invocation.dry(c):
        with report.progress() as progress:
            proven = backup.prove(settings, output, Path(identity).expanduser() if identity else None, progress, warn)
        return report.proven(proven, as_json=json)
    kept = Keep(
        newest=invocation.count(keep, "--keep", 0),
        daily=invocation.count(keep_daily, "--keep-daily", 0),
        weekly=invocation.count(keep_weekly, "--keep-weekly", 0),
    )
    options = backup.Options(output, tuple(service), kept, adopt)
    if invocation.dry(c):
        return plan.steps("backup", backup.plan(settings, options, warn), as_json=json)
    with report.progress() as progress:
        made = backup.make(settings, options, progress, warn)
    return report.made(made, as_json=json)
