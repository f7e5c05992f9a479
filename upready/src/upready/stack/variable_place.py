"""Where a service has one of its variables from, and the step that gives it another value there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from upready.envfile import document
from upready.stack import compose_variables, setting_place
from upready.stack.selection import Stack
from upready.support import files, yaml_location
from upready.support.errors import OpsError
from upready.support.yaml_location import below


def change(stack: Stack, service: str, name: str) -> str:
    """The step that gives a variable of a service another value: a command if `.env` or a variable has it.

    Empty where it is not known where the service has it from.
    """
    keys = ("environment", name)
    place = setting_place.find(stack, ("services", service, *keys))
    if place is not None and not (place.null or place.text == name):
        return setting_place.change(stack, service, keys)
    if place is not None:  # only its name is written: compose passes it on
        return f"invoke env.set {name}"
    for file in reversed(list(_env_files(stack, service))):
        with contextlib.suppress(OpsError):
            entry = document.read(file).get(name)
            if entry is None or not entry.assigned:
                continue
            if files.real(file) == files.real(stack.env_file):
                return f"invoke env.set {name}"
            return f"correct {name} in {yaml_location.relative(file, stack.root)}:{entry.line}"
    return ""


def _env_files(stack: Stack, service: str) -> Iterator[Path]:
    """The files of variables that a service gets (`env_file`), the one that wins last."""
    for file in yaml_location.taken_in(stack.files, stack.directory):
        folder = stack.directory if file in stack.files else file.parent
        for node in yaml_location.documents(file):
            listed = below(below(below(node, "services"), service), "env_file")
            for each in [listed] if getattr(listed, "id", "sequence") != "sequence" else getattr(listed, "value", ()):
                if text := _path(each):
                    yield folder / compose_variables.expand(stack.read_files, text)


def _path(node: Any) -> str:
    """The path of a member of `env_file`, as written."""
    named = node if node.id == "scalar" else below(node, "path")
    return str(getattr(named, "value", "") or "")
