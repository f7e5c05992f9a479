"""Find the project's folder: that of its `invoke.yaml`, or of the compose file that compose itself would use."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from upready.stack import compose_variables, invoke_yaml
from upready.support import files, shell_words
from upready.support.errors import EnvFileError, UsageError
from upready.support.next_step import AGAIN

_BELOW = 2
"""Levels below a folder in which a compose file is searched for, to name it in an error."""

_LOOKED_AT = 2_000
"""The most folders that are searched for that."""


def find(start: Path) -> Path | None:
    """The project's folder, seen from a folder in it; None if there is no project.

    It is the nearest folder, upwards, with an `invoke.yaml`, a compose file with one of compose's own names, or a
    `.env`, or an example of one, that sets COMPOSE_FILE. If the shell sets COMPOSE_FILE, compose looks nowhere else:
    the project's folder is then that of the first file that is named there, unless there is an `invoke.yaml` above.
    """
    named = _named_by_the_shell(start)
    for folder in (start, *start.parents):
        if any(files.there(folder / name) for name in invoke_yaml.NAMES):
            return folder
        if not named and (compose_variables.found_files(folder) or _env_names_files(folder)):
            return folder
    return named[0].parent if named else None


def keep_named_files(start: Path) -> None:
    """Make the paths in the shell's variables absolute: to compose they are relative to the current folder."""
    if named := _named_by_the_shell(start):
        os.environ["COMPOSE_FILE"] = _separator().join(map(str, named))
    if os.environ.get("COMPOSE_ENV_FILES", "").strip(","):
        os.environ["COMPOSE_ENV_FILES"] = ",".join(map(str, compose_variables.env_files(start, start)))


def missing(folder: Path, *, above: bool) -> UsageError:
    """The error that there is no project in a folder (nor, with `above`, in those above it)."""
    names = ", ".join(compose_variables.DEFAULT_FILES)
    near = next(_compose_files_below(folder), None)
    return UsageError(
        f"there is no compose file in {folder}{' or in a folder above it' if above else ''}",
        details=[
            f"looked for {names}, and for invoke.yaml",
            "COMPOSE_FILE is set neither in the shell nor in .env",
            *([f"there is one in a folder below: {near.relative_to(folder)}"] if near else []),
        ],
        next=shell_words.in_turn(f"cd {shell_words.quoted(near.parent)}", AGAIN)
        if near
        else f"in the folder of your compose file: {AGAIN}",
    )


def _named_by_the_shell(start: Path) -> list[Path]:
    """The files that the shell's COMPOSE_FILE names; none if it is not set, or names standard input."""
    names = os.environ.get("COMPOSE_FILE", "").split(_separator())
    return [] if {"", "-"} & {*names} else [Path(os.path.normpath(start / Path(name).expanduser())) for name in names]


def _separator() -> str:
    return os.environ.get("COMPOSE_PATH_SEPARATOR") or os.pathsep


def _env_names_files(folder: Path) -> bool:
    # The command that needs the file reports that it cannot be read.
    with contextlib.suppress(EnvFileError):
        files = compose_variables.or_examples((folder / ".env",))
        return any(compose_variables.named_files(files) or ())
    return False


def _compose_files_below(folder: Path) -> Iterator[Path]:
    """The compose files in folders not far below this one."""
    for place, names, _ in itertools.islice(os.walk(folder), _LOOKED_AT):
        here = Path(place)
        yield from (here / name for name in compose_variables.found_files(here)[:1])
        deep = len(here.relative_to(folder).parts) >= _BELOW
        names[:] = [] if deep else sorted(name for name in names if not name.startswith(".") and name != "node_modules")
