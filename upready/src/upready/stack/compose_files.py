"""Make sure that compose can work with a stack's files, in a reasonable time, before it is called."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from upready.stack import compose_variables, setting_error
from upready.stack.settings import Environment
from upready.support import files as reading
from upready.support import parsing, shell_words, yaml_location
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN
from upready.support.parsing import MalformedError

_UNUSABLE = re.compile(r"(?P<control>[\x00-\x1f\x7f])|(?P<percent>%(?![0-9A-Fa-f]{2}))|(?P<bytes>[\ud800-\udfff])")
"""What no path of a project may hold."""

_TAKES_IN = (b"include", b"extends", b"env_file", b"label_file")
"""Words of a compose file that takes in other files."""


def check_path(root: Path) -> None:
    """Make sure that compose can work in the project's folder: it makes a URL of the folder's path.

    Raises:
        UsageError: It cannot.
    """
    found = _UNUSABLE.search(str(root))
    if found is None:
        return
    what = {
        "control": "a line end, a tab or another control character",
        "percent": "a % without two hexadecimal digits behind it",
        "bytes": "a byte that is not UTF-8",
    }[str(found.lastgroup)]
    folder = next(each for each in (*reversed(root.parents), root) if _UNUSABLE.search(each.name))
    raise UsageError(
        f"compose cannot read any file in this folder: its path holds {what}",
        details=[ascii(str(root))],
        next=shell_words.move_command(folder, folder.parent / _UNUSABLE.sub("_", folder.name)),
    )


def check_there(root: Path, chosen: Environment, files: Sequence[Path], directory: Path) -> None:
    """Make sure that an environment's compose files and its project directory are there.

    Raises:
        UsageError: One is missing.
    """
    setting = f"ops.environments.{chosen.name}"
    for name, file in zip(chosen.files, files, strict=True):
        # What `check` says of a folder would move it out of the way: for an empty name, the project's own.
        if (chosen.found and reading.is_folder(file)) or not check(file, name):
            if chosen.found:
                raise UsageError(
                    f"{chosen.found} names {name!r}, which is no file",
                    next=f"correct {chosen.found} in {_place(root, chosen.found)}, then: {AGAIN}",
                )
            raise UsageError(
                f"the compose file {name} is not there", next=setting_error.correct(root, f"{setting}.files")
            )
    if not reading.is_folder(directory):
        raise UsageError(
            f"the project directory {chosen.project_directory} is not there",
            next=setting_error.correct(root, f"{setting}.project_directory"),
        )


def _place(root: Path, variable: str) -> str:
    """Where a variable that configures compose is set: `the shell`, or the name of a file."""
    read = compose_variables.or_examples(compose_variables.env_files(root, root))
    return "the shell" if variable in os.environ else ", ".join(each.name for each in read)


def check_taken_in(root: Path, files: Sequence[Path], directory: Path) -> None:
    """Make sure that compose can read what its files include, extend and name, as far as no variable names it.

    Raises:
        UsageError: It cannot, or would wait for a pipe for ever.
    """
    texts = [reading.read(file) or b"" for file in files]
    if not any(word in text for text in texts for word in _TAKES_IN):
        return
    taken = yaml_location.taken_in(files, directory)
    for file in taken[len(files) :]:
        check(file, yaml_location.relative(file, root))
    for file in yaml_location.variable_files(taken, directory):
        # A folder is compose's to refuse: the name may be relative to another one.
        if not reading.is_folder(file):
            reading.check(file, name=yaml_location.relative(file, root))


def check(file: Path, name: str) -> bool:
    """Whether a compose file exists that compose can read in a reasonable time.

    Raises:
        UsageError: It exists, and compose cannot.
    """
    data = reading.read(file, name=name)
    try:
        parsing.check_aliases(data or b"")
    except MalformedError as error:
        raise UsageError(
            f"{error.at(name)}: {error.reason}", next=f"correct {name}:{error.line}, then: invoke config"
        ) from None
    return data is not None
