"""`invoke annotate`: what went wrong, at the lines of a pull request."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN


@command(help={"file": "What a task has printed with --json."}, positional=["file"], prints=True)
def annotate(c: Context, file: str) -> int:
    """Turn a task's JSON document into GitHub's annotations.

    A workflow command for each line that is to be corrected.

    Example:
        invoke dev --json > result.json || invoke annotate result.json
    """
    from pathlib import Path

    from upready.report import github
    from upready.support import files, parsing

    content = files.read(Path(file))
    if content is None:
        raise UsageError(f"there is no file {file}", next=f"keep there what a task prints with --json, then: {AGAIN}")
    try:
        document = parsing.from_json(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UsageError(
            f"{file} is no JSON document of a task", next=f"keep there what a task prints with --json, then: {AGAIN}"
        )
    return github.show(document, invocation.root())
