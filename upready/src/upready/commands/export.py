"""`invoke export`: the stack for a system that the tasks do not run."""

from pathlib import Path

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="export",
    help={
        "format": "kubernetes.",
        "env": "The environment that is exported; prod by default, where there is one.",
        "profile": "Export the services of this profile; more than once for several.",
        "output": "Write into this folder instead, a file for each object; and what is not carried.",
        "secrets": "Print only the Secrets, with their values, as kubectl apply reads them.",
    },
    short={"output": "o"},
    positional=["format"],
    iterable=["profile"],
    prints=True,
)
def export(
    c: Context,
    format: str,  # noqa: A002 - the argument's name
    env: str = "",
    profile: list[str] = [],  # noqa: B006 - invoke's way of an option that may be repeated
    output: str = "",
    secrets: bool = False,
    json: bool = False,
) -> int:
    """Print the stack as Kubernetes objects, and what cannot be carried.

    An export, not a runtime: the tasks do not run, watch or release what is in a
    cluster. No value of a secret is in it.

    Example:
        invoke export kubernetes --output kubernetes
        invoke export kubernetes --secrets | kubectl apply --server-side -f -
    """
    from upready.operations import export
    from upready.report import export as report
    from upready.report import plan
    from upready.support import files, next_step
    from upready.support.errors import UsageError

    export.check(format)
    if secrets and output:
        raise UsageError(
            "--secrets prints values, and writes no file: give it without --output",
            next="invoke export kubernetes --secrets",
        )
    settings = invocation.settings(c)
    made = export.make(settings, export.environment_of(settings, env), profile)
    if secrets:
        return report.secrets(export.secrets(made), as_json=json)
    if not output:
        return report.show(made, as_json=json)
    if files.is_url(output):
        raise UsageError(f"{output} is no folder of this machine", next=next_step.instead(output, "kubernetes"))
    folder = Path(output).expanduser()
    if invocation.dry(c):
        return plan.steps("export", export.plan(made, folder), as_json=json)
    return report.written(made, folder, export.write(made, folder), as_json=json)
