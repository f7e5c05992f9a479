"""A first `invoke.yaml` for a project that has none: what compose finds by itself, written down."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from upready.stack import invoke_yaml
from upready.stack.settings import Environment, Settings
from upready.support import files
from upready.support.errors import UsageError

_PRODUCTION = ("prod", "production")
"""What stands in the name of the compose file that people merge into theirs for production."""


@dataclass(frozen=True)
class Draft:
    """A file that is not written yet."""

    path: Path
    text: str


def draft(settings: Settings) -> Draft:
    """The `invoke.yaml` by which the tasks do what they do without one.

    A compose file for production beside the first one (`compose.prod.yaml`) becomes the environment `prod`.

    Raises:
        UsageError: There is one already.
    """
    for name in invoke_yaml.NAMES:
        if files.there(settings.root / name):
            raise UsageError(
                f"{settings.root / name} is there already: nothing was written",
                next="invoke config",
            )
    (found,) = settings.environments.values()
    environments = {found.name: _entry(settings.root, found.files, found)}
    if production := _production(settings.root, found.files[0]):
        environments["prod"] = _entry(settings.root, (found.files[0], production), found)
    lines = ["# How the tasks behave; INVOKE_OPS_RUNTIME and the like in the shell win.", "ops:", "  environments:"]
    for name, entry in environments.items():
        lines += [f"    {name}:", *(f"      {key}: {json.dumps(value)}" for key, value in entry.items())]
    return Draft(settings.root / "invoke.yaml", "\n".join(lines) + "\n")


def write(made: Draft) -> None:
    """Write it; a file that has come to be there in the meantime stays as it is.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        with made.path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(made.text)
    except OSError as error:
        raise UsageError(f"{made.path} could not be written: {error.strerror}", next="invoke --dry init") from None


def _entry(root: Path, names: tuple[str, ...], found: Environment) -> Mapping[str, object]:
    """The settings of an environment: its files, and compose's project directory where that is another folder."""
    entry: dict[str, object] = {"files": [_relative(root, name) for name in names]}
    directory = _relative(root, found.project_directory or ".")
    if directory != ".":
        entry["project_directory"] = directory
    return entry


def _relative(root: Path, name: str) -> str:
    """A path as it stands in the file: with `/`, and relative where it is in the project's folder."""
    path = Path(os.path.normpath(root / name))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _production(root: Path, first: str) -> str:
    """The compose file for production beside the first one; empty where there is none."""
    path = Path(first)
    names = (path.with_name(f"{path.stem}.{word}{end}") for word in _PRODUCTION for end in (".yaml", ".yml"))
    return next((str(name) for name in names if files.is_file(root / name)), "")
