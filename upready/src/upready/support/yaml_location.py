"""Where things stand in a YAML file: file, line and column, for errors of compose and of the checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.support import files, parsing
from upready.support.errors import OpsError
from upready.support.parsing import MalformedError

if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True)
class Location:
    """A place in a file; line and column count from 1."""

    file: Path
    line: int
    column: int

    def within(self, root: Path) -> str:
        """The place for people: `compose.yaml:3:5`, relative to the project's folder if the file is in it."""
        return f"{relative(self.file, root)}:{self.line}:{self.column}"


def relative(file: Path, root: Path) -> str:
    """A file for people: relative to the project's folder if it is in it, with `/` on every platform."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def documents(file: Path) -> list[yaml.Node]:
    """The documents of a YAML file, with their positions; none if it is not YAML, or cannot be read."""
    try:
        return parsing.nodes(files.read(file) or b"")
    except (OpsError, MalformedError):
        return []


def of_path(file: Path, path: str) -> tuple[int, Location] | None:
    """Where a path such as `services.web.ports.0` leads in a file.

    Args:
        file: The file.
        path: Keys and numbers with dots between them; a key may contain dots. Everything behind the last key that the
            file has is ignored.

    Returns:
        How many keys were found, and the place of the last one; None if not even the first key is there.
    """
    found = [each for node in documents(file) if (each := _along(file, node, path))]
    return max(found, key=lambda each: each[0], default=None)


def _along(file: Path, node: Any, rest: str) -> tuple[int, Location] | None:
    """Where a path leads in one document."""
    depth, found = 0, None
    while node is not None and rest:
        step = _step(node, rest)
        if step is None:
            break
        key, node, taken = step
        found, depth, rest = _at(file, key, node), depth + 1, rest[taken:].removeprefix(".")
        if not rest[:1].strip(" :.'"):
            break
    return (depth, found) if found else None


def of_word(file: Path, path: str, word: str) -> Location | None:
    """The place of the first text below a path that is a word, or has it as a part."""
    for document in documents(file):
        node: Any = document
        for key in path.split(".") if path else ():
            step = _step(node, key) if node is not None else None
            node = step[1] if step else None
        for each in _scalars(node):
            if word == each.value or word in re.split(r"[:/=,\s]", each.value):
                return _mark(file, each)
    return None


def of_file(file: Path, folders: Sequence[Path], named: Path) -> Location | None:
    """The place where a file names another file, by a path relative to one of some folders."""
    for each in (scalar for node in documents(file) for scalar in _scalars(node)):
        if each.value and len(each.value) < 1024 and any((folder / each.value) == named for folder in folders):
            return _mark(file, each)
        if Path(each.value).name == named.name and named.name:
            return _mark(file, each)
    return None


def taken_in(stacked: Sequence[Path], directory: Path) -> list[Path]:
    """The files of a stack, and the files that they include or extend, if those are named without a variable."""
    found: dict[Path, None] = dict.fromkeys(stacked)
    left = list(stacked)
    while left and len(found) < 100:
        file = left.pop(0)
        for name in (name for node in documents(file) for name in _taken(node)):
            for folder in (file.parent, directory):
                other = folder / name
                if other not in found and files.there(other) and not files.is_folder(other):
                    found[other] = None
                    left.append(other)
    return list(found)


def variable_files(taken: Sequence[Path], directory: Path) -> Iterator[Path]:
    """The files of variables or labels that some compose files name without a variable, where they are there."""
    for file in taken:
        for node in documents(file):
            included = getattr(below(node, "include"), "value", None) or ()
            services = [service for _, service in _pairs(below(node, "services"))]
            named = [below(each, key) for each in (*included, *services) for key in ("env_file", "label_file")]
            for scalar in (scalar for each in named for scalar in _scalars(each)):
                yield from (found for folder in {file.parent, directory} if files.there(found := folder / scalar.value))


def below(node: Any, key: str) -> Any:
    """The value of a key in a mapping, or in a mapping that is merged into it (`<<`); None if there is none."""
    return next((value for name, value in _pairs(node) if name.value == key), None)


def _taken(node: Any) -> Iterator[str]:
    """The files that a document includes and extends, as written."""
    included, services = below(node, "include"), below(node, "services")
    for each in getattr(included, "value", None) or ():
        yield from (scalar.value for scalar in _scalars(below(each, "path") or each))
    for _, service in _pairs(services):
        named = below(below(service, "extends"), "file")
        yield from (scalar.value for scalar in _scalars(named))


def _step(node: Any, rest: str) -> tuple[Any, Any, int] | None:
    """The longest key of a mapping that a path begins with: key, value, and its length. Merged mappings count too."""
    if getattr(node, "id", "") == "sequence":
        number = re.match(r"\d+", rest)
        if number and int(number[0]) < len(node.value):
            return node.value[int(number[0])], node.value[int(number[0])], len(number[0])
        return None
    best: tuple[Any, Any, int] | None = None
    for key, value in _pairs(node):
        text = key.value if isinstance(key.value, str) else ""
        ends = rest[len(text) : len(text) + 1]
        if text and rest.startswith(text) and (not ends or ends in ".: '") and (best is None or len(text) > best[2]):
            best = key, value, len(text)
    return best


def _pairs(node: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Keys and values of a mapping: first its own, then those that are merged into it (`<<`)."""
    if getattr(node, "id", "") != "mapping" or depth > 20:
        return
    yield from node.value
    for key, value in node.value:
        if key.value == "<<":
            for each in value.value if value.id == "sequence" else [value]:
                yield from _pairs(each, depth + 1)


def _scalars(node: Any) -> Iterator[Any]:
    """The texts within a node, in the order of the file, each once."""
    seen: set[int] = set()
    left = [node] if node is not None else []
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if each.id == "scalar":
            yield each
        elif each.id == "mapping":
            left += [part for pair in reversed(each.value) for part in reversed(pair)]
        else:
            left += reversed(each.value)


def _at(file: Path, key: Any, value: Any) -> Location:
    """The place of a setting: its value if that is on the same line, else its key."""
    simple = value.id == "scalar" and value.value != "" and value.start_mark.line == key.start_mark.line
    return _mark(file, value if simple else key)


def _mark(file: Path, node: Any) -> Location:
    return Location(file, node.start_mark.line + 1, node.start_mark.column + 1)
