"""`invoke images`: the sizes of the images, and their budgets."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(help={"env": "Only the images of this environment."}, prints=True, engine=True)
def images(c: Context, env: str = "", json: bool = False) -> int:
    """Show what each image weighs, and adds to its base.

    And whether that is within its budget: exit 0, or 5.

    Example:
        invoke images --env prod
    """
    from upready.operations import images
    from upready.report import images as report
    from upready.runtime.docker import engine

    settings = invocation.settings(c, environment=env)
    return report.show(images.measure(engine.connect(), settings, env), as_json=json)
