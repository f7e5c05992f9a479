"""`invoke schema`: the form of the JSON documents."""

from invoke.context import Context

from upready.commands.command import command


@command(
    help={"task": "The task, or error: the document of an error, of every task."}, positional=["task"], prints=True
)
def schema(c: Context, task: str | None = None) -> int:
    """Print the JSON Schema of what a task prints with --json.

    Without a task, the names for which there is one, a line each.

    Example:
        invoke schema health > health.schema.json
    """
    from upready.report import schema as report

    return report.show(task or "")
