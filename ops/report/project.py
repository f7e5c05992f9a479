"""What happens to a project as a whole: stopped, or about to lose its data."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ops import report
from ops.errors import UsageError
from ops.runtime import Stopped


def confirm_loss(project: str, volumes: Sequence[str]) -> None:
    """Have the user type the project's name before data is removed.

    Raises:
        UsageError: The name was not typed, or nobody is there to type it.
    """
    if not volumes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"--volumes removes the data of {project}, and nobody is here to confirm it",
            details=[f"volume {name}" for name in volumes],
            next="invoke stop --volumes --yes",
        )
    # Beside a JSON document, too: a question is no output.
    report.say(f"This removes the data of {project} for good: {', '.join(volumes)}", style="bold red", as_json=True)
    report.errors().print(f"Type {project} to go on: ", end="", markup=False)
    if sys.stdin.readline().strip() != project:
        raise UsageError("not confirmed; nothing was stopped or removed")


def stopped(gone: Stopped, *, as_json: bool) -> int:
    """What a stop removed. Nothing to remove is success too."""
    if as_json:
        report.document(gone.as_dict())
    elif not (gone.containers or gone.networks or gone.volumes):
        report.say(f"{gone.project}: nothing runs")
    else:
        count = len(gone.containers)
        report.say(f"{gone.project}: stopped {count} container{'' if count == 1 else 's'}")
        if gone.volumes:
            report.say(f"removed with their data: {', '.join(gone.volumes)}")
    return 0
