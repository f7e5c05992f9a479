"""The tasks of this project: those of `upready`, and its own. See `invoke --list` and docs/tasks.md."""

from pathlib import Path

from invoke.context import Context

from upready.cli import task
from upready.cli.task import command
from upready.support.errors import UsageError
from upready.tasks import ns

ROOT = Path(__file__).parent.resolve()


@command(
    help={
        "unit": "Only what needs no Docker Engine.",
        "engine": "Only what needs one.",
        "faults": "Only the table of faults, and all of it: breaks, calls, looks; prints it, and writes faults.json.",
        "k": "Only tests whose name matches, as pytest's -k.",
        "jobs": "How many processes run them; by default as many as there are processors.",
    },
    short={"jobs": "j"},
)
def test(
    c: Context, unit: bool = False, engine: bool = False, faults: bool = False, k: str = "", jobs: str = "auto"
) -> int:
    """Run the project's tests; those that need a Docker Engine are skipped where there is none."""
    from upready.operations import testing
    from upready.support import process

    if unit and engine:
        raise UsageError("--unit and --engine exclude each other", next="invoke test, which runs both")
    mark = "engine" if engine else "not engine" if unit else ""
    line = testing.command(ROOT, mark=mark, faults=faults, name=k, jobs=jobs, more=task.remainder())
    return process.attach(line, cwd=ROOT)


ns.add_task(test)
