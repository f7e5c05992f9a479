"""Errors about a setting of the tasks, with the place where it is set: `invoke.yaml`, or the shell."""

from __future__ import annotations

import os
import re
from pathlib import Path

from upready.support import shell_words, yaml_location
from upready.support.errors import UsageError

_FILE = "invoke.yaml"


def placed(error: UsageError, root: Path) -> UsageError:
    """The error with the place of its setting, if its message begins with the path of one (`ops.runtime: …`).

    Args:
        error: The error.
        root: The project's folder.
    """
    message = error.message.removeprefix(f"{_FILE}: ")
    path = message.partition(": ")[0]
    if not error.message.startswith(f"{_FILE}: ") and not re.match(r"ops\b", path):
        return error
    variable = "INVOKE_" + re.sub(r"\W", "_", path).upper()
    if variable in os.environ:
        # A variable of the shell wins over the file.
        step = error.next or shell_words.removal(variable)
        return UsageError(f"{variable}: {message}", details=error.details, next=step)
    found = yaml_location.of_path(root / _FILE, message)
    if found is None:
        step = error.next or f"correct {path} in {_FILE}, then: invoke config"
        return UsageError(error.message, details=error.details, next=step)
    place = found[1].within(root)
    step = error.next or f"correct {place.rpartition(':')[0]}, then: invoke config"
    return UsageError(f"{place}: {message}", details=error.details, next=step)


def correct(root: Path, path: str) -> str:
    """The step that corrects a setting of `invoke.yaml`, with its line, and what then shows whether it is right."""
    found = yaml_location.of_path(root / _FILE, path)
    place = found[1].within(root).rpartition(":")[0] if found else _FILE
    return f"correct {path} in {place}, then: invoke config"
