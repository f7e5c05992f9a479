"""The variables that steer compose itself (COMPOSE_FILE, COMPOSE_PROFILES, …), and the files that may set them.

Read without compose (40 ms), and leniently, so that a `.env` that compose refuses does not hide them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from upready.support import files as reading
from upready.support.errors import EnvFileError, UsageError

DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The names that compose looks for where nobody names a file, in its order."""

OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""The names that it looks for beside such a file, to merge the first one into it."""

directories: set[Path] = set()
"""Project directories other than the project's folder, each perhaps with a `.env`; one process works on one project."""

_TRUE = ("1", "t", "T", "TRUE", "true", "True")


def env_files(root: Path, directory: Path) -> tuple[Path, ...]:
    """The files that compose takes variables from, there or not; of two that set one, the later one wins.

    Args:
        root: Where compose is called.
        directory: The project directory.
    """
    if named := [each for each in os.environ.get("COMPOSE_ENV_FILES", "").split(",") if each]:
        return tuple(root / Path(each).expanduser() for each in named)
    if os.environ.get("COMPOSE_DISABLE_ENV_FILE", "") in _TRUE:
        return ()
    return (directory / ".env",)


def variable(files: Sequence[Path], name: str, *, expanded: bool = True) -> str:
    """A variable that steers compose: the shell's, else that of the last file which sets it, else nothing.

    Args:
        files: As `env_files` gives them.
        name: The variable.
        expanded: Whether other variables in its value are replaced by theirs, one level deep.

    Raises:
        EnvFileError: One of the files may not be read.
    """
    if name in os.environ:
        return os.environ[name]
    for file in reversed(files):
        if (found := _from(file, files, name, expanded=expanded)) is not None:
            return found
    return ""


def check(files: Sequence[Path]) -> None:
    """Refuse what compose would refuse in each of its calls, the ones for `.env` included, with words about neither.

    Args:
        files: As `env_files` gives them.

    Raises:
        UsageError: A variable that steers compose has a value that it does not take.
    """
    for name, pattern, wanted in _VALUES:
        value = variable(files, name) if is_set(files, name) else None
        if value is not None and not re.fullmatch(pattern, value):
            in_shell = name in os.environ
            raise UsageError(
                f"{name} is {value!r} in {'the shell' if in_shell else '.env'}, and compose takes {wanted} there",
                next=f"unset {name}" if in_shell else f"correct {name} in .env",
            )


_VALUES = (
    ("COMPOSE_PARALLEL_LIMIT", r"[+-]?\d+", "a whole number"),
    ("COMPOSE_DISABLE_ENV_FILE", r"1|t|T|TRUE|true|True|0|f|F|FALSE|false|False", "true or false"),
)


def is_set(files: Sequence[Path], name: str) -> bool:
    """Whether the shell or one of the files sets a variable, to whatever."""
    return name in os.environ or any(_from(file, files, name, expanded=False) is not None for file in files)


def listed(text: str) -> tuple[str, ...]:
    """The profiles in the text of COMPOSE_PROFILES."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def named_files(files: Sequence[Path]) -> list[str] | None:
    """The compose files that COMPOSE_FILE names, as written; None where it is not set."""
    if not is_set(files, "COMPOSE_FILE"):
        return None
    return variable(files, "COMPOSE_FILE").split(variable(files, "COMPOSE_PATH_SEPARATOR") or os.pathsep)


def found_files(folder: Path) -> list[str]:
    """The compose files that compose takes in a folder by itself; none where it finds none."""
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
    """What one file says; None where it does not."""
    from upready.envfile import document

    data = reading.read(file, EnvFileError, limit=document.LARGEST) or b""
    if name.encode() not in data:
        return None
    entry = document.parse(data, file).get(name)
    if entry is None or not entry.assigned:
        return None
    text = entry.raw.strip() if entry.parsed is None else entry.parsed
    return expand(files, text, expanded=False) if expanded and entry.quote != "'" else text
