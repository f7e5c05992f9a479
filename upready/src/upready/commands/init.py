"""`invoke init`: write an `invoke.yaml` that names what compose finds by itself."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(dry=True)
def init(c: Context, json: bool = False) -> int:
    """Write an invoke.yaml that names this project's compose files."""
    from upready import report
    from upready.operations import project_settings

    made = project_settings.draft(invocation.settings(c))
    dry = invocation.dry(c)
    if not dry:
        project_settings.write(made)
    if json:
        report.document({"written": None if dry else str(made.path), "content": made.text})
    else:
        report.say(f"{made.path}{' would hold' if dry else ' is written'}:\n\n{made.text}")
    return 0
