"""The variables that configure compose itself (COMPOSE_FILE, COMPOSE_PROFILES, …), and the files that may set them.

Read without compose, which takes 40 ms. Errors in a `.env` that compose would refuse are ignored here.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from upready.envfile import example_names
from upready.support import files as reading
from upready.support import shell_words
from upready.support.errors import EnvFileError, OpsError, UsageError
from upready.support.next_step import AGAIN

DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The names that compose looks for where no file is named, in its order."""

OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""The names that it looks for beside such a file, and merges the first one into it."""

directories: set[Path] = set()
"""Project directories other than the project's folder; each may have a `.env`. A process works on one project only."""

_TRUE = ("1", "t", "T", "TRUE", "true", "True")


def env_files(root: Path, directory: Path) -> tuple[Path, ...]:
    """The files from which compose takes variables, whether they exist or not; later files win.

    Args:
        root: The folder in which compose is called.
        directory: The project directory.
    """
    if named := [each for each in os.environ.get("COMPOSE_ENV_FILES", "").split(",") if each]:
        return tuple(Path(os.path.normpath(root / Path(each).expanduser())) for each in named)
    if os.environ.get("COMPOSE_DISABLE_ENV_FILE", "") in _TRUE:
        return ()
    return (directory / ".env",)


def or_examples(files: Sequence[Path]) -> tuple[Path, ...]:
    """Some files of variables; in place of a missing `.env` the example from which the first start writes it.

    So a project has the same name, files and profiles in that start as in all tasks after it.
    """
    return tuple(_example(file) if file.name == ".env" and not reading.there(file) else file for file in files)


def _example(file: Path) -> Path:
    """The example of a file of variables; the file itself where there is none that can be read."""
    found = example_names.beside(file)
    with contextlib.suppress(OpsError):
        if found is not None and reading.read(found) is not None:
            return found
    return file


def variable(files: Sequence[Path], name: str, *, expanded: bool = True) -> str:
    """The value of a variable: from the shell, else from the last file that sets it, else empty.

    Args:
        files: As `env_files` gives them.
        name: The variable.
        expanded: Whether other variables in its value are replaced by their values, one level deep.

    Raises:
        EnvFileError: A file may not be read.
    """
    if name in os.environ:
        return os.environ[name]
    for file in reversed(files):
        if (found := _from(file, files, name, expanded=expanded)) is not None:
            return found
    return ""


def check(files: Sequence[Path]) -> None:
    """Refuse values that make every call of compose fail, with an error that does not name the variable.

    Args:
        files: As `env_files` gives them.

    Raises:
        UsageError: A variable that configures compose has a value that compose refuses.
    """
    for name, pattern, wanted in _VALUES:
        read = () if name == "COMPOSE_PROJECT_NAME" else files
        value = variable(read, name) if is_set(read, name) else None
        if value is not None and not re.fullmatch(pattern, value):
            in_shell = name in os.environ
            raise UsageError(
                f"{name} is {value!r} in {'the shell' if in_shell else '.env'}, but compose wants {wanted}",
                next=shell_words.removal(name) if in_shell else f"correct {name} in .env, then: {AGAIN}",
            )


def check_named(root: Path, directory: Path) -> None:
    """Refuse a file in COMPOSE_ENV_FILES that is not there, as compose does; a `.env` may still be written.

    Args:
        root: As for `env_files`.
        directory: As for `env_files`.

    Raises:
        UsageError: One is not there.
    """
    if not os.environ.get("COMPOSE_ENV_FILES"):
        return
    for file in env_files(root, directory):
        if file != directory / ".env" and not reading.there(file):
            raise UsageError(
                f"COMPOSE_ENV_FILES names {file}, which is not there", next=shell_words.removal("COMPOSE_ENV_FILES")
            )


_VALUES = (
    # Of the shell alone: `env.check` reports one in `.env`, with the command that corrects it.
    ("COMPOSE_PROJECT_NAME", r"|[a-z0-9][a-z0-9_-]*", "lower-case letters, digits, - and _, a letter or digit first"),
    ("COMPOSE_PARALLEL_LIMIT", r"[+-]?\d+", "a whole number"),
    ("COMPOSE_DISABLE_ENV_FILE", r"1|t|T|TRUE|true|True|0|f|F|FALSE|false|False", "true or false"),
)


def is_set(files: Sequence[Path], name: str) -> bool:
    """Whether the shell or one of the files sets a variable."""
    return name in os.environ or any(_from(file, files, name, expanded=False) is not None for file in files)


def listed(text: str) -> tuple[str, ...]:
    """The profiles in the text of COMPOSE_PROFILES."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def named_files(files: Sequence[Path]) -> list[str] | None:
    """The compose files that COMPOSE_FILE names, as written; None if it is not set."""
    if not is_set(files, "COMPOSE_FILE"):
        return None
    return variable(files, "COMPOSE_FILE").split(variable(files, "COMPOSE_PATH_SEPARATOR") or os.pathsep)


def found_files(folder: Path) -> list[str]:
    """The compose files that compose finds in a folder by itself."""
    found = [[name for name in names if reading.there(folder / name)][:1] for names in (DEFAULT_FILES, OVERRIDES)]
    return [*found[0], *found[1]] if found[0] else []


def expand(files: Sequence[Path], text: str, *, expanded: bool = True) -> str:
    """A text in which each `${NAME}` is replaced, as compose does it.

    Args:
        files: As `env_files` gives them.
        text: The text.
        expanded: As for `variable`.
    """
    from upready.envfile import references

    names = {use.name for use in references.references(text)}
    given = {name: variable(files, name, expanded=expanded) for name in names if is_set(files, name)}
    return references.expand(text, given)


def _from(file: Path, files: Sequence[Path], name: str, *, expanded: bool) -> str | None:
    """The value of a variable in one file; None if it is not set there."""
    from upready.envfile import document, entries

    data = reading.read(file, EnvFileError, limit=document.LARGEST) or b""
    if name.encode() not in data:
        return None
    entry = document.parse(data, file).get(name)
    if entry is None or not entry.assigned:
        return None
    text = entries.plain(entry)
    return expand(files, text, expanded=False) if expanded and entry.quote != "'" else text
