"""Where a setting of a service is written: in which compose file, on which line, and by which variable."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from upready.stack.selection import Stack
from upready.support import yaml_location


@dataclass(frozen=True)
class Place:
    """The place of a setting.

    Attributes:
        file: The compose file, relative to the project's folder if it is in it.
        line: From 1.
        text: The value as written; empty if it is not a scalar.
        null: Whether only the key is written, without a value.
    """

    file: str
    line: int
    text: str
    null: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def variable(self) -> str | None:
        """The one variable that the value comes from; None for none or several."""
        names = set(re.findall(r"(?<!\$)\$(?:\{([A-Za-z_]\w*)|([A-Za-z_]\w*))", self.text))
        found = {first or second for first, second in names}
        return found.pop() if len(found) == 1 else None

    def part(self, value: str) -> str:
        """The value of the variable that gives the whole setting a value; empty if there is none."""
        before, _, rest = re.sub(r"\$\{[A-Za-z_]\w*(?:[^{}]|\{[^{}]*\})*\}|\$[A-Za-z_]\w*", "\0", self.text).partition(
            "\0"
        )
        fits = value.startswith(before) and value.endswith(rest) and len(value) > len(before) + len(rest)
        return value[len(before) : len(value) - len(rest)] if fits else ""


def find(stack: Stack, *paths: Sequence[str]) -> Place | None:
    """The place of the first of some settings that is written somewhere; of several files, in the last one.

    None if no file has one of them. Included and extended files are not searched.

    Args:
        stack: The stack whose compose files are searched.
        paths: The keys that lead to each setting, from the top: `("services", "web", "cpus")`. Where one of a list is
            meant, the last key is part of its text, or of its `target`, `source` or `published`.
    """
    for path in paths:
        for file in reversed(stack.files):
            for document in reversed(yaml_location.documents(file)):
                if (node := _node(document, path)) is not None:
                    text = node.value if node.id == "scalar" else ""
                    null = node.tag == "tag:yaml.org,2002:null"
                    return Place(yaml_location.relative(file, stack.root), node.start_mark.line + 1, text, null)
    return None


def change(stack: Stack, service: str, keys: Sequence[str], value: str = "") -> str:
    """How to change a setting of a service: a command if it comes from a variable, else its place.

    Args:
        stack: The stack whose compose files are searched.
        service: The service.
        keys: The keys that lead to the setting within the service's entry.
        value: The new value, if it is known.
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
            return _of_list(node.value, key)
        node = yaml_location.below(node, key)
    return node


def _of_list(members: Sequence[Any], word: str) -> Any:
    """The member of a list that has a word as a part of its text or as a value, else the first that has it anywhere."""
    whole = (each for each in members if word in _parts(each))
    anywhere = (each for each in members if each.id == "scalar" and word in each.value)
    return next(itertools.chain(whole, anywhere), None)


def _parts(node: Any) -> list[str]:
    """What a member of a list names: `./x:/data` has the part `/data`, and `80:8000/tcp` the part `8000`."""
    if node.id == "mapping":
        return [value.value for _, value in node.value if value.id == "scalar"]
    if node.id != "scalar":
        return []
    return [node.value, *re.split("[:=]", node.value), *re.split(r"[:/=]|\.\.", node.value)]
