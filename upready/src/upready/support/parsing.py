"""The one place that parses text from elsewhere: the result is a value, or one kind of error."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

DEEPEST = 200
"""The deepest nesting of lists and mappings; at some ten thousand, PyYAML ends the whole process."""

LARGEST = 1_000_000
"""The most values in all. An alias counts each time that it is used: a few lines can stand for any number of values."""

_EXACT = 1 << 18
"""Bytes that PyYAML's own parser, which has better error messages, reads within two seconds."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MERGED = 100_000
"""Values that the aliases of a compose file may stand for; so many take compose about ten seconds."""

_FEW = 30
"""So few aliases cannot stand for too many values."""

_MAY_NEST = re.compile(rb"^[ \t?:-]+", re.MULTILINE)


class MalformedError(ValueError):
    """A text that cannot be parsed, or that stands for too much.

    Attributes:
        line: The line, from 1; 0 if it is not known.
        column: The column, from 1.
        reason: What is wrong, for people.
        begins: The line where the broken part begins: for an open quote, the line of the quote.
    """

    def __init__(self, reason: str, line: int = 0, column: int = 0, begins: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column, self.begins = reason, line, column, begins or line

    def at(self, name: str) -> str:
        """The place, as editors understand it: `file:line:column`."""
        return f"{name}:{self.line}:{self.column}" if self.line else name


def from_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        MalformedError: It is not valid JSON, or nests too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MalformedError(f"not valid JSON: {error.msg}", error.lineno, error.colno) from None
    except UnicodeDecodeError as error:
        raise MalformedError(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except (RecursionError, ValueError):
        # Another ValueError: a number of more digits than Python converts.
        raise MalformedError("not valid JSON: it goes too deep, or a number is too long") from None


def nodes(data: bytes, *, exact: bool = False) -> list[Any]:
    """The nodes of the documents in a YAML text. Compose's tags (`!reset`) need no constructor for that.

    Args:
        data: The text.
        exact: Whether an error should be as precise as possible, which takes a hundred times as long.

    Raises:
        MalformedError: It is not valid YAML, or nests too deeply.
    """
    import yaml

    exact = exact and len(data) <= _EXACT
    try:
        with _told(data):
            reads = yaml.SafeLoader if exact else loader()
            return [each for each in yaml.compose_all(check_depth(data), Loader=reads) if each is not None]
    except MalformedError as error:
        if exact and not error.line:
            return nodes(data)  # only the other parser says where `"\\UFFFFFFFF"` is
        raise


def events(data: bytes) -> Iterator[Any]:
    """The events of a YAML text, up to the first error.

    Raises:
        MalformedError: The rest cannot be read, or nests too deeply.
    """
    import yaml

    depth = 0
    with _told(data):
        for event in yaml.parse(data, Loader=loader()):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                mark: Any = event.start_mark
                why = f"more than {DEEPEST} lists and mappings within each other"
                raise MalformedError(why, mark.line + 1, mark.column + 1)
            yield event


def check_aliases(data: bytes) -> None:
    """Make sure that the aliases of a YAML text do not stand for too many values: compose would never end.

    A text that is not YAML passes: other code reports that.

    Raises:
        MalformedError: They do; with the place of the first one that does.
    """
    if data.count(b"*") < _FEW:
        return
    try:
        roots = nodes(data)
    except MalformedError:
        return
    sizes: dict[int, int] = {}
    for root in roots:
        _size(root, sizes)


def _size(node: Any, sizes: dict[int, int]) -> int:
    """How many values a node stands for, with its aliases; an alias of the node within itself counts as one."""
    if id(node) not in sizes:
        sizes[id(node)] = 1
        parts = node.value if isinstance(node.value, list) else ()
        flat = [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
        sizes[id(node)] += sum(_size(each, sizes) for each in flat)
        if sizes[id(node)] > _MERGED:
            raise MalformedError(
                "its aliases stand for too many values", node.start_mark.line + 1, node.start_mark.column + 1
            )
    return sizes[id(node)]


def is_text(value: Any) -> bool:
    """Whether a value is a text that can be a path, or a word of a command line."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def bound(value: Any) -> None:
    """Make sure that a value can be copied: aliases may stand for any number of values, or for themselves.

    Raises:
        MalformedError: It nests too deeply, or is too large.
    """
    count, level, depth = 0, [value], 0
    while level:
        count += len(level)
        depth += 1
        if depth > DEEPEST or count > LARGEST:
            raise MalformedError("its aliases stand for too many values")
        level = [
            each
            for one in level
            if isinstance(one, dict | list)
            for each in (one.values() if isinstance(one, dict) else one)
        ]


def may_be_deep(data: bytes) -> bool:
    """Whether a YAML text may nest too deeply; a quick test: two levels need a column, one level needs a bracket."""
    columns = max((len(each) for each in _MAY_NEST.findall(data)), default=0)
    return data.count(b"[") + data.count(b"{") + 2 * columns > DEEPEST or b"\0" in data


def check_depth(data: bytes) -> bytes:
    """Make sure that a YAML text does not nest too deeply for PyYAML, which does not check this; returns the text.

    Raises:
        MalformedError: It does, or it is not YAML.
    """
    if may_be_deep(data):
        for _ in events(data):
            pass
    return data


def loader() -> Any:
    """PyYAML's safe loader; the one in C if it is there, which is ten times as fast."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@contextlib.contextmanager
def _told(data: bytes) -> Iterator[None]:
    """Turn every error about a YAML text into a `MalformedError`."""
    import yaml

    try:
        yield
    except MalformedError:
        raise
    except yaml.MarkedYAMLError as error:
        raise _marked(error) from None
    except yaml.reader.ReaderError as error:
        raise _no_text(data, str(error.reason)) from None
    except yaml.YAMLError as error:
        raise MalformedError(f"not valid YAML: {' '.join(str(error).split())}") from None
    except Exception as error:  # noqa: BLE001 - `"\\UFFFFFFFF"` is an OverflowError to one of the loaders
        raise MalformedError(f"not valid YAML: {' '.join(str(error).split()) or type(error).__name__}") from None


def _marked(error: yaml.MarkedYAMLError) -> MalformedError:
    """The error at the place that the parser names, with the place where the broken part begins."""
    mark, began = error.problem_mark or error.context_mark, error.context_mark
    reason = f"not valid YAML: {error.problem}"
    if mark is None:
        return MalformedError(reason)
    line, column = mark.line + 1, mark.column + 1
    if began is None or (began.line, began.column) == (mark.line, mark.column):
        return MalformedError(reason, line, column)
    where = f"{error.context} that begins at {began.line + 1}:{began.column + 1}"
    return MalformedError(f"{reason} ({where})", line, column, began.line + 1)


def _no_text(data: bytes, reason: str) -> MalformedError:
    """The error about a text that contains an invalid byte or a control character, with its place."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text, reason = data[: error.start].decode("utf-8"), error.reason
    end = len(text)
    if control := _CONTROL.search(text):
        end, reason = control.start(), "a control character, as binary files have them"
    before = text[:end]
    return MalformedError(f"not valid YAML: {reason}", before.count("\n") + 1, end - before.rfind("\n"))
