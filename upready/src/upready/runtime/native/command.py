"""Run a command next to a service: it is found as in a shell, and refused with Docker's exit codes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from upready.support import files, process
from upready.support.errors import MissingError, OpsError, RefusedError, UsageError
from upready.support.pipes import Call


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run a command on this terminal, and return its exit code.

    Args:
        words: The command and its arguments.
        folder: Where it is run.
        environment: Its variables.

    Raises:
        UsageError: The folder is not there, or the command is too long.
        MissingError: There is no such program.
        RefusedError: It cannot be executed.
    """
    found = find(words[0], folder, environment)
    try:
        return process.attach([found, *words[1:]], cwd=folder, env=environment, inherit=False)
    except FileNotFoundError:
        raise _missing(words[0], "its first line names a program that does not exist") from None
    except OSError as error:
        raise RefusedError(f"{words[0]!r} cannot be executed: {error.strerror or error}", next=_NEXT) from error


def call(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Call:
    """How the same is called without a terminal; the arguments and the errors are those of `run`."""
    return Call([find(words[0], folder, environment), *words[1:]], folder, environment)


def find(name: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The path of the program that a command names; the arguments and the errors are those of `run`."""
    if not files.is_folder(folder):
        raise UsageError(f"there is no folder {folder} to run {name!r} in", next="invoke config")
    return program(name, folder, environment.get("PATH"))


_NEXT = "a shell tells which programs there are: invoke shell"


def program(name: str, folder: Path, path: str | None) -> str:
    """The path of a program: in the folders of `path`; a name with a folder is relative to `folder`.

    Raises:
        MissingError: There is none.
        RefusedError: It is no program.
    """
    if os.path.dirname(name):  # noqa: PTH120 - `./a` is to keep its dot
        place = folder / name
        if not files.there(place) and shutil.which(place) is None:
            raise _missing(name, "no such file or directory")
        if files.is_folder(place):
            raise RefusedError(f"{name!r} cannot be executed: it is a folder", next=_NEXT)
        if shutil.which(place) is None:
            raise RefusedError(f"{name!r} cannot be executed: it is not marked as a program for you", next=_NEXT)
        return str(place)
    found = shutil.which(name, path=path) if name else None
    if found is None:
        raise _missing(name, "it is not on the PATH")
    return found


def _missing(name: str, why: str) -> OpsError:
    return MissingError(f"there is no program {name!r} on this machine: {why}", next=_NEXT)
