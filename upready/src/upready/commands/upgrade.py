"""`invoke upgrade`: PostgreSQL's next major version."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "The database's service; the only one that is PostgreSQL where none is named.",
        "forget": "Remove the old data that an upgrade has kept.",
        "image": "An image of the old version, where its name is not that of the new one with the old number.",
        "yes": "Do not ask.",
    },
    positional=["service"],
    engine=True,
    short={"yes": "y"},
)
def upgrade(
    c: Context,
    service: str | None = None,
    forget: bool = False,
    image: str = "",
    yes: bool = False,
    json: bool = False,
) -> int:
    """Let PostgreSQL's next major version take over the data.

    Name its image in the compose file or in .env first. The old data stay until --forget.

    Example:
        invoke upgrade db
    """
    from upready.operations import upgrade, upgrade_work
    from upready.report import data as report_data
    from upready.report import launch as report_launch
    from upready.report import plan
    from upready.report import upgrade as report

    settings = invocation.settings(c)
    options = upgrade_work.Options(service or "", forget, image)
    shown = report_launch.Show(as_json=json)
    if invocation.dry(c):
        return plan.steps("upgrade", upgrade.plan(settings, options, shown), as_json=json)
    confirm = None if yes else report.confirm
    with report_data.progress() as progress:
        done = upgrade.upgrade(settings, options, shown, progress, confirm=confirm)
    return report.ended(done, forgotten=forget, as_json=json)
