"""`invoke build`: build the images."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "Only this service; more than once for several.",
        "no_cache": "Build every step again.",
        "pull": "Ask the registry for newer base images.",
        "env": "The environment whose files are used.",
    },
    iterable=["service"],
    engine=True,
)
def build(
    c: Context,
    service: list[str] = [],  # noqa: B006
    no_cache: bool = False,
    pull: bool = False,
    env: str = "dev",
    json: bool = False,
) -> int:
    """Build the images, and start nothing.

    Example:
        invoke build --service db --pull
    """
    from upready import report
    from upready.operations import build as operation
    from upready.report import launch, plan

    if invocation.dry(c):
        planned = operation.plan(invocation.settings(c, environment=env), env, service, no_cache=no_cache, pull=pull)
        return plan.steps("build", planned, as_json=json)
    shown = launch.Show(as_json=json)
    with shown.running():
        built = operation.build_images(
            invocation.settings(c, environment=env), env, service, no_cache=no_cache, pull=pull, show=shown
        )
    if json:
        report.document({"environment": env, "images": built})
    return 0
