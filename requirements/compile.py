"""Compile the lock of each dependency group: `requirements/GROUP.txt`, versions and hashes, no index address.

Run it through uv, as `uv run python requirements/compile.py`:

    (no option)   after a change of a group in pyproject.toml
    --check       only tell whether the locks are current: exit code 1 when they are not
    --upgrade     take newer versions: moves `tool.uv.exclude-newer` first (to a week ago, or the day given)

All groups are resolved together first, and each lock is then held to that result, so a package has one version in all
of them. `uv run` resolves the same groups under the same `exclude-newer`, and so arrives at the same versions, although
its own `uv.lock` is not kept in git (it names package hosts).
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SETTLING_DAYS = 7
"""How old a release must be before `--upgrade` takes it: a bad one is withdrawn, and mirrors have the rest, in days."""

EXCLUDE_NEWER = re.compile(r'^(exclude-newer = ")[^"]*(")', re.MULTILINE)


class CompileError(Exception):
    """The locks could not be compiled; the message says why."""


def compile_locks(root: Path) -> dict[str, str]:
    """Resolve every dependency group of `root`'s pyproject.toml.

    Returns:
        The text of each lock, by group. Nothing is written.

    Raises:
        CompileError: uv is not there, or cannot resolve the groups.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    groups = list(project["dependency-groups"])
    python = project["project"]["requires-python"].removeprefix(">=")
    with tempfile.TemporaryDirectory() as folder:
        together = _resolve(root, groups, python, Path(folder, "together.txt"))
        return {
            group: _resolve(root, [group], python, Path(folder, f"{group}.txt"), constraint=together).read_text(
                encoding="utf-8"
            )
            for group in groups
        }


def stale_locks(root: Path, locks: dict[str, str]) -> list[str]:
    """The groups whose lock file is missing or says something else than `locks`."""
    return [group for group, text in locks.items() if _read(_path(root, group)) != text]


def write_locks(root: Path, locks: dict[str, str]) -> None:
    """Write each group's lock to its file, with the same line ends on every platform."""
    for group, text in locks.items():
        _path(root, group).write_text(text, encoding="utf-8", newline="\n")


def move_cutoff(root: Path, day: datetime.date) -> None:
    """Set `tool.uv.exclude-newer` in pyproject.toml: no release newer than `day` exists for a resolution."""
    path = root / "pyproject.toml"
    text, count = EXCLUDE_NEWER.subn(rf"\g<1>{day.isoformat()}T00:00:00Z\g<2>", path.read_text(encoding="utf-8"))
    if count != 1:
        raise CompileError(f"{path.name}: found {count} lines `exclude-newer = …`, expected one")
    path.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line; returns the exit code: 0 done or current, 1 not current, 2 cannot be compiled."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="only tell whether the locks are current")
    choice.add_argument(
        "--upgrade",
        metavar="DAY",
        nargs="?",
        type=datetime.date.fromisoformat,
        const=datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=SETTLING_DAYS),
        help="take newer versions, none released after DAY (YYYY-MM-DD; by default a week ago)",
    )
    options = parser.parse_args(arguments)
    try:
        if options.upgrade:
            move_cutoff(root, options.upgrade)
        locks = compile_locks(root)
        stale = stale_locks(root, locks)
        if options.check:
            for group in stale:
                print(f"requirements/{group}.txt is not current: run `uv run python requirements/compile.py`")
            return 1 if stale else 0
        write_locks(root, locks)
        # Without this, a uv.lock from before keeps its older versions, and `uv run` differs from the locks.
        _uv(root, "lock", "--upgrade", "--quiet")
    except CompileError as error:
        print(f"compile.py: {error}", file=sys.stderr)
        return 2
    print(f"{len(locks)} locks, changed: {', '.join(stale) or 'none'}")
    return 0


def _resolve(root: Path, groups: Sequence[str], python: str, output: Path, *, constraint: Path | None = None) -> Path:
    """Let uv resolve `groups` for every platform from Python `python` on, into the file `output`."""
    _uv(
        root,
        *("pip", "compile", "--quiet", "--universal", "--python-version", python),
        *("--generate-hashes", "--no-emit-index-url", "--no-annotate"),
        *("--no-emit-package", "upready"),  # a folder of this repository; a folder has no hash
        *("--custom-compile-command", "python requirements/compile.py"),
        *(argument for group in groups for argument in ("--group", group)),
        *(("--constraint", str(constraint)) if constraint else ()),
        *("--output-file", str(output)),
    )
    return output


def _uv(root: Path, *arguments: str) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")  # `uv run` says where it is
    if not uv:
        raise CompileError("uv is not on the PATH; `pip install uv` installs it")
    done = subprocess.run([uv, *arguments], cwd=root, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise CompileError(f"`uv {arguments[0]}` failed:\n{done.stderr.strip()}")


def _path(root: Path, group: str) -> Path:
    return root / "requirements" / f"{group}.txt"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
