"""Where a setting of a service is written: in which compose file, on which line, and by which variable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from upready.stack.selection import Stack
from upready.support import yaml_location


@dataclass(frozen=True)
class Place:
    """Where a setting stands.

    Attributes:
        file: The compose file, relative to the project's folder where it lies in it.
        line: From 1.
        text: What is written there; empty for more than a scalar.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def variable(self) -> str | None:
        """The one variable that the value comes from."""
        names = set(re.findall(r"(?<!\$)\$(?:\{([A-Za-z_]\w*)|([A-Za-z_]\w*))", self.text))
        found = {first or second for first, second in names}
        return found.pop() if len(found) == 1 else None

    def part(self, value: str) -> str:
        """What the variable must be for the whole setting to become a value; empty where it cannot."""
        before, _, rest = re.sub(r"\$\{[A-Za-z_]\w*(?:[^{}]|\{[^{}]*\})*\}|\$[A-Za-z_]\w*", "\0", self.text).partition(
            "\0"
        )
        fits = value.startswith(before) and value.endswith(rest) and len(value) > len(before) + len(rest)
        return value[len(before) : len(value) - len(rest)] if fits else ""


def find(stack: Stack, *paths: Sequence[str]) -> Place | None:
    """Where the first of some settings is written that is written at all; of several files, in the last one.

    Files that are included or extended are not looked at: None then, as for what no file says.

    Args:
        stack: Whose compose files are looked at.
        paths: The keys that lead to each setting, from the top: `("services", "web", "cpus")`. Where one of a list is
            meant, the last key is part of its text, or of its `target`, `source` or `published`.
    """
    for path in paths:
        for file in reversed(stack.files):
            for document in reversed(yaml_location.documents(file)):
                if (node := _node(document, path)) is not None:
                    text = node.value if node.id == "scalar" else ""
                    return Place(yaml_location.relative(file, stack.root), node.start_mark.line + 1, text)
    return None


def change(stack: Stack, service: str, keys: Sequence[str], value: str = "") -> str:
    """How a setting of a service is changed: a command where it comes from a variable, else where it stands.

    Args:
        stack: Whose compose files are looked at.
        service: The service.
        keys: The keys that lead to the setting within the service's entry.
        value: What to set it to, where that is known.
    """
    place = find(stack, ("services", service, *keys))
    if place is not None and place.variable:
        part = place.part(value) if value else ""
        return f"invoke env.set {place.variable}" + (f"={part}" if part else "")
    where = f"{place}" if place else f"the compose entry of {service}"
    setting = ".".join(key for key in keys if not re.search(r"\W", key))
    return f"set {setting}: {value} in {where}" if value else f"correct {setting}: in {where}"


def _node(node: Any, path: Sequence[str]) -> Any:
    """The node that some keys lead to; None if they lead nowhere."""
    for number, key in enumerate(path):
        if getattr(node, "id", "") == "sequence" and number == len(path) - 1:
            return next((each for each in node.value if _mentions(each, key)), None)
        node = yaml_location.below(node, key)
    return node


def _mentions(node: Any, word: str) -> bool:
    """Whether a member of a list has a word in its text, or as one of its values."""
    if node.id == "scalar":
        return word in re.split(r"[:/=]|\.\.", node.value) or word in node.value
    return node.id == "mapping" and any(value.id == "scalar" and word == value.value for _, value in node.value)
