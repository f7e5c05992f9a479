"""`invoke test`: the command that runs the tests of this project, by a Python that has what they need."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from upready.support import process, shell_words
from upready.support.errors import UsageError

GROUP = "test"
"""The dependency group of the tests, which is not installed by default."""

UNIT = "not engine"
"""What pytest's `-m` gets for unit tests."""

COSTLIEST = (
    "tests/native/",
    "tests/page/",
    *(f"tests/app/test_{name}.py" for name in ("main", "database", "rates", "budget", "openapi", "upkeep")),
)
"""Where each test starts a whole stack, servers or a browser."""

STACKS = ("tests/engine/", "tests/faults/", "tests/foreign/", *COSTLIEST)
"""What a quick run of unit tests leaves out."""

_PACKAGES = ("pytest", "xdist")
"""Modules of that group: where they are, the rest is."""

MUTANTS = "mutants"
"""The dependency group of what mutates modules, which is not installed by default either."""

MATRIX = "faults.json"
"""The file, in the project's folder, that tells what each fault came to."""

PAGE = "docs/faults.html"
"""The page on which a reader can filter it."""


def run(root: Path, line: Sequence[str]) -> int:
    """Run what `command` gave, and return the exit code of pytest."""
    return process.attach(line, cwd=root, env=environment(root, os.environ), inherit=False)


def environment(root: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The variables that the tests get.

    Where Python may not keep what it has compiled beside the sources (PYTHONDONTWRITEBYTECODE), it keeps that in
    pytest's own folder: the tests start Python thousands of times, and each would compile every module again.

    Args:
        root: The project's folder.
        given: The variables of this process.
    """
    variables = dict(given)
    if variables.pop("PYTHONDONTWRITEBYTECODE", ""):
        variables.setdefault("PYTHONPYCACHEPREFIX", str(root / ".pytest_cache" / "bytecode"))
    return variables


def command(
    root: Path,
    *,
    mark: str = "",
    whole: bool = False,
    faults: bool = False,
    nightly: bool = False,
    name: str = "",
    jobs: str = "auto",
    more: Sequence[str] = (),
) -> list[str]:
    """The command that runs tests.

    Args:
        root: The project's folder.
        mark: Only those that pytest's `-m` selects by this.
        whole: Also those that a quick run leaves out. What is asked for by its name or its file is never left out.
        faults: Only the table of faults, and all of it.
        nightly: Only those that take minutes each, which no other run plays.
        name: Only those that pytest's `-k` selects by this.
        jobs: How many processes run them, as pytest-xdist understands it.
        more: Further words for pytest.

    Raises:
        UsageError: What the tests need is not installed, and there is no uv to install it.
    """
    line = [*python(root), "-m", "upready.support.streams", "pytest", "-n", jobs]  # goes on when nobody reads any more
    if mark:
        line += ["-m", mark]
    if name:
        line += ["-k", name]
    if nightly:
        line.append("--nightly")
    if not (whole or faults or nightly or name or any(Path(root, each.partition("::")[0]).exists() for each in more)):
        line.append("--quick")
        if mark == UNIT:
            line += [f"--ignore={each}" for each in STACKS]
    if faults:
        line += ["--all-faults", "--faults-json", MATRIX, "--faults-page", PAGE, "tests/faults"]
    return [*line, *more]


def mutants(root: Path, *, jobs: str = "auto", modules: Sequence[str] = ()) -> list[str]:
    """The command that mutates modules, and runs the tests of each.

    Args:
        root: The project's folder.
        jobs: How many processes run tests.
        modules: Only these, as `tests/mutants/table.toml` names them.

    Raises:
        UsageError: As `command` does.
    """
    line = [*python(root, MUTANTS), "-m", "upready.support.streams", "tests.mutants.play"]
    return [*line, "--jobs", jobs, *modules]


def python(root: Path, more: str = "") -> list[str]:
    """A Python that has the group of the tests, and one more: this one, or one to which uv gives them."""
    if all(importlib.util.find_spec(each) for each in (*_PACKAGES, *(["mutmut"] if more else []))):
        return [sys.executable]
    groups = [GROUP, more] if more else [GROUP]
    if uv := os.environ.get("UV") or shutil.which("uv"):  # `uv run` says where it is
        return [uv, "run", "--project", str(root), *(word for each in groups for word in ("--group", each)), "python"]
    locks = " ".join(f"-r {shell_words.quoted(root / 'requirements' / f'{each}.txt')}" for each in groups)
    raise UsageError(
        "what the tests need is not installed: pytest, and what comes with it",
        details=["it is not among what runs a stack; uv would install it now, and there is no uv"],
        next=f"{shell_words.quoted(Path(sys.executable))} -m pip install {locks}",
    )
