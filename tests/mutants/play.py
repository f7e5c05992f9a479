"""Change each module that judges in one place at a time: its tests must notice.

    python -m tests.mutants.play [--jobs N] [MODULE ...]

mutmut makes the changes and runs the tests. It wants the package at `src/` of the folder in which it works, so each
module is played in a copy. docs/mutants.md tells how to read the table.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.mutants import table
from tests.mutants.result import ENOUGH, HEAD, Mutant, Result, changed
from upready.support.errors import OpsError, UsageError

_MUTMUT = "from mutmut.__main__ import cli; cli()"
"""`python -m mutmut` would load its main module twice."""

_DIFFS = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
print(json.dumps({each: get_diff_for_mutant(each) for each in json.load(sys.stdin)}))
"""
"""What `mutmut show` prints of each, which would start a Python for each."""

_SURVIVED = (0, 33)
"""mutmut's codes for a mutant whose tests passed, and for one that no test reaches. With any other, a test failed or
took far too long."""

_SETTINGS = {
    "pytest_add_cli_args": ["-p", "no:cacheprovider"],
    "timeout_constant": 2.0,  # seconds, added to what the tests take without a change
    "timeout_multiplier": 10.0,
    "use_git_change_detection": False,
    "track_dependencies": False,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the named modules, else all; returns the exit code: 1 where too many mutants survive, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.play")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as tests/mutants/table.toml names it")
    parser.add_argument("--jobs", default="auto", help="how many processes run the tests")
    options = parser.parse_args(arguments)
    try:
        entries = table.chosen(table.read(), options.modules)
        if not importlib.util.find_spec("mutmut"):
            raise UsageError(
                "mutmut is not installed",
                details=["there is none for Windows, nor for Macs with Intel's processors; elsewhere uv installs it"],
                next="invoke test --unit",
            )
        jobs = int(options.jobs) if options.jobs.isdecimal() else os.cpu_count() or 1
        results = list(_told(play(each, jobs) for each in entries))
    except OpsError as error:
        print(f"error: {error.message}", *error.details, f"next: {error.next}", sep="\n", file=sys.stderr)
        return error.code
    return 0 if all(each.enough for each in results) else 1


def _told(results: Iterable[Result]) -> Iterable[Result]:
    """The same, each told as soon as it is there, and the survivors of all at the end."""
    print(HEAD, flush=True)
    survivors = []
    for each in results:
        print(each.row(), flush=True)
        survivors += [one.text() for one in each.survivors]
        if not each.enough:
            print(f"    {each.entry.name}: fewer than {ENOUGH} % were killed", flush=True)
        yield each
    if survivors:
        print("\nsurvived:", *survivors, sep="\n", flush=True)


def play(entry: table.Entry, jobs: int) -> Result:
    """Make the mutants of a module, and run its tests on each.

    Raises:
        OpsError: The tests fail without any change, or mutmut does.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        prepare(folder, entry)
        _python(folder, _MUTMUT, "run", "--max-children", str(jobs))
        return Result(entry, found(folder, entry))


def prepare(folder: Path, entry: table.Entry) -> None:
    """Copy what mutmut needs into a folder, and tell it what to change and which tests to run."""
    ignore = shutil.ignore_patterns("__pycache__", "node_modules")
    shutil.copytree(table.ROOT / "upready" / "src", folder / "src", ignore=ignore)
    shutil.copytree(table.ROOT / "tests", folder / "tests", ignore=ignore)
    settings = {
        **_SETTINGS,
        "only_mutate": [f"src/upready/{each}" for each in entry.sources],
        "pytest_add_cli_args_test_selection": entry.tests,
    }
    text = (table.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]  # which is TOML, too
    (folder / "pyproject.toml").write_text("\n".join([text, "[tool.mutmut]", *lines, ""]), encoding="utf-8")


def found(folder: Path, entry: table.Entry) -> list[Mutant]:
    """What became of each mutant in a folder in which mutmut has run."""
    codes: dict[str, int] = {}
    for source in entry.sources:
        meta = folder / "mutants" / "src" / "upready" / f"{source}.meta"
        if meta.is_file():
            codes |= json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    survived = [name for name, code in codes.items() if code in _SURVIVED]
    diffs = json.loads(_python(folder, _DIFFS, given=json.dumps(survived)))
    return [
        Mutant(name, name not in diffs, changed(diffs[name].splitlines()) if name in diffs else ("", ""))
        for name in codes
    ]


def _python(folder: Path, code: str, *words: str, given: str = "") -> str:
    """Run some Python in a folder; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        input=given,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).splitlines()
        raise OpsError("mutmut failed: do the tests pass?", details=said[-40:], next="invoke test --unit")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
