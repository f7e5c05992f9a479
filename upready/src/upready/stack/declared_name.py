"""The name that the compose files themselves give a project: their top-level `name:`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from upready.stack import compose_variables
from upready.support import files as reading
from upready.support import next_step, parsing, shell_words
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN
from upready.support.parsing import MalformedError

_NULL = ("~", "null", "Null", "NULL")
"""How YAML writes that there is no value."""


def check(files: Sequence[Path], variables: Sequence[Path], project: str) -> None:
    """Make sure that the name in the compose files is not empty: compose itself would not start anything.

    Args:
        files: The compose files.
        variables: The files that set variables.
        project: The name that the project has all the same.

    Raises:
        UsageError: It is, and nothing else names the project.
    """
    if compose_variables.variable(variables, "COMPOSE_PROJECT_NAME"):
        return
    file, text = next(((each, name) for each in reversed(files) if (name := of(each))), (None, ""))
    if file is None or compose_variables.expand(variables, text):
        return
    from upready.envfile import references

    variable = next((use.name for use in references.references(text)), "")
    raise UsageError(
        f"{file.name}: the project's name, {text}, is empty",
        details=["compose refuses a project without a name"],
        next=next_step.either(
            shell_words.in_turn(f"invoke env.set COMPOSE_PROJECT_NAME={project}", AGAIN),
            shell_words.in_turn(f"invoke env.set {variable}", AGAIN) if variable else "",
        ),
    )


def of(file: Path) -> str:
    """The top-level `name:` of a compose file; works also if the rest of the file is invalid YAML."""
    data = reading.read(file) or b""
    if b"name" not in data:
        return ""
    import yaml

    scalars: list[str] = []
    anchors: dict[str, str] = {}
    depth, found = 0, ""
    # Events, not a document: compose's tags (`!reset`) need no constructor, and nested mappings are passed over.
    with contextlib.suppress(MalformedError):
        for event in parsing.events(data):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            text = _text(event, anchors)
            if isinstance(event, yaml.DocumentStartEvent):
                scalars = []
            elif depth == 1:
                # A key, then its value: a scalar, or the end of a collection.
                scalars.append(text)
                if len(scalars) > 2 and len(scalars) % 2 and scalars[-2] == "name":
                    found = text or found
                    if found and b"\n---" not in data:
                        break
    return found


def _text(event: Any, anchors: dict[str, str]) -> str:
    """The text of a scalar, or of the one that an alias stands for; empty for null, and for all else."""
    import yaml

    if isinstance(event, yaml.AliasEvent):
        return anchors.get(str(event.anchor), "")
    if not isinstance(event, yaml.ScalarEvent):
        return ""
    text = "" if event.implicit[0] and event.value in _NULL else str(event.value)
    if event.anchor:
        anchors[event.anchor] = text
    return text
