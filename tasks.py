"""The tasks of this project: those of `upready`, and its own. See `invoke --list` and docs/tasks.md."""

from pathlib import Path

from invoke.context import Context

from upready.tasks import UsageError, command, ns, remainder, would_run

ROOT = Path(__file__).parent.resolve()


@command(
    help={
        "unit": "Only what needs no Docker Engine; without --all, nothing that starts a stack or a browser.",
        "engine": "Only what needs one.",
        "all": "All of them, as CI does: slow ones too, and each case of those that start programs.",
        "faults": "Only the table of faults, all of it; prints it, and writes faults.json and docs/faults.html.",
        "nightly": "Only those for which CI has no time.",
        "mutants": "Change the modules that judge, a place at a time: do the tests notice? Modules stand behind --.",
        "k": "Only tests whose name matches, as pytest's -k.",
        "jobs": "How many processes run them; by default as many as there are processors.",
    },
    short={"jobs": "j"},
)
def test(
    c: Context,
    unit: bool = False,
    engine: bool = False,
    all: bool = False,  # noqa: A002 # the option's name
    faults: bool = False,
    nightly: bool = False,
    mutants: bool = False,
    k: str = "",
    jobs: str = "auto",
) -> int:
    """Run the project's tests.

    About 10 minutes, 3 with --unit, 35 with --all; hours with --nightly, --faults and --mutants. Where there is no
    Docker Engine, what needs one is skipped.

    Example:
        invoke test --unit -k positional
    """
    from tests import runner

    if unit and engine:
        raise UsageError("--unit and --engine exclude each other", next="invoke test")
    if mutants:
        if unit or engine or all or faults or nightly or k:
            raise UsageError("--mutants goes with --jobs only", next="invoke test --mutants")
        line = runner.mutants(ROOT, jobs=jobs, modules=remainder())
        return would_run("test", line) if c.config.run.dry else runner.run(ROOT, line)
    mark = "engine" if engine else runner.UNIT if unit else ""
    line = runner.command(
        ROOT, mark=mark, whole=all, faults=faults, nightly=nightly, name=k, jobs=jobs, more=remainder()
    )
    return would_run("test", line) if c.config.run.dry else runner.run(ROOT, line)


@command(
    help={
        "only": "Only this part, once for each; a name that is not there lists them all.",
        "quick": "Few runs and small sizes: shows that it works; written to bench/quick/.",
        "json": "Print the figures as one JSON document.",
        "output": "The folder for the page, the JSON and the pictures; else docs/bench.",
    },
    iterable=["only"],
)
def bench(
    c: Context,
    only: list[str],
    quick: bool = False,
    json: bool = False,
    output: str = "",
) -> int:
    """Measure the tasks beside what you would use instead.

    Hours on a quiet machine, minutes with --quick. Writes tables, pictures and each single run into a folder.

    Example:
        invoke bench --only launch --only logs
    """
    from bench import runner

    line = runner.command(ROOT, only=only, quick=quick, as_json=json, output=output)
    return would_run("bench", line) if c.config.run.dry else runner.run(ROOT, line)


ns.add_task(test)
ns.add_task(bench)
