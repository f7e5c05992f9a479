"""The one place that parses what others may have written: whatever it is, the answer is a value or one error."""

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
"""Lists and mappings within each other; PyYAML ends the whole process at some ten thousand."""

LARGEST = 1_000_000
"""Values in all, where an alias counts as often as it is used: a few lines of them can stand for any number."""

_EXACT = 1 << 18
"""Bytes that PyYAML's own parser, which knows more words for what is wrong, reads within two seconds."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MERGED = 100_000
"""Values that the aliases of a compose file may stand for; compose takes some ten seconds for so many."""

_FEW = 30
"""Aliases that cannot stand for so many, whatever they name."""

_MAY_NEST = re.compile(rb"^[ \t?:-]+", re.MULTILINE)


class MalformedError(ValueError):
    """A text that means nothing, or more than can be.

    Attributes:
        line: Where, from 1; 0 where that is not known.
        column: Where, from 1.
        reason: What is wrong, for people.
        begins: The line where that begins which is wrong: of a quote that is never closed, the quote's.
    """

    def __init__(self, reason: str, line: int = 0, column: int = 0, begins: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column, self.begins = reason, line, column, begins or line

    def at(self, name: str) -> str:
        """Where it is, as editors take it: `file:line:column`."""
        return f"{name}:{self.line}:{self.column}" if self.line else name


def from_json(text: str | bytes) -> Any:
    """The value that a JSON text stands for.

    Raises:
        MalformedError: It stands for none, or is too deep.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MalformedError(f"no valid JSON: {error.msg}", error.lineno, error.colno) from None
    except UnicodeDecodeError as error:
        raise MalformedError(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except (RecursionError, ValueError):
        # Another ValueError: a number of more digits than Python converts.
        raise MalformedError("no valid JSON: it goes too deep, or a number is too long") from None


def nodes(data: bytes, *, exact: bool = False) -> list[Any]:
    """The nodes of the documents in a YAML text: compose's tags (`!reset`) need no constructor.

    Args:
        data: The text.
        exact: Whether an error says all that can be said, which takes a hundred times as long.

    Raises:
        MalformedError: It is no YAML, or too deep.
    """
    import yaml

    exact = exact and len(data) <= _EXACT
    try:
        with _told(data):
            reads = yaml.SafeLoader if exact else loader()
            return [each for each in yaml.compose_all(check_depth(data), Loader=reads) if each is not None]
    except MalformedError as error:
        if exact and not error.line:
            return nodes(data)  # of `"\\UFFFFFFFF"` only the other one tells where it is
        raise


def events(data: bytes) -> Iterator[Any]:
    """The events of a YAML text, as far as it can be read.

    Raises:
        MalformedError: It can be read no further, or goes too deep.
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
    """Make sure that the aliases of a YAML text stand for no more than can be held: compose would go on without end.

    A text that is no YAML passes: what is wrong with it is told elsewhere.

    Raises:
        MalformedError: They do; where it says so first.
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
    """How many values a node stands for, with its aliases; one that holds itself counts there as one."""
    if id(node) not in sizes:
        sizes[id(node)] = 1
        parts = node.value if isinstance(node.value, list) else ()
        flat = [each for part in parts for each in (part if isinstance(part, tuple) else (part,))]
        sizes[id(node)] += sum(_size(each, sizes) for each in flat)
        if sizes[id(node)] > _MERGED:
            raise MalformedError(
                "its aliases stand for more than can be held", node.start_mark.line + 1, node.start_mark.column + 1
            )
    return sizes[id(node)]


def is_text(value: Any) -> bool:
    """Whether a value is a text that the system takes for a path, or for a word of a command line."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def bound(value: Any) -> None:
    """Make sure that a value can be copied, and gone through: aliases may stand for any number, or for themselves.

    Raises:
        MalformedError: It is too deep, or too large.
    """
    count, level, depth = 0, [value], 0
    while level:
        count += len(level)
        depth += 1
        if depth > DEEPEST or count > LARGEST:
            raise MalformedError("its aliases stand for more than can be held")
        level = [
            each
            for one in level
            if isinstance(one, dict | list)
            for each in (one.values() if isinstance(one, dict) else one)
        ]


def may_be_deep(data: bytes) -> bool:
    """Whether a YAML text can be deeper than is taken, told quickly: two levels need a column, one a bracket."""
    columns = max((len(each) for each in _MAY_NEST.findall(data)), default=0)
    return data.count(b"[") + data.count(b"{") + 2 * columns > DEEPEST or b"\0" in data


def check_depth(data: bytes) -> bytes:
    """Make sure that a YAML text is not too deep for the loaders, which do not look after themselves; returns it.

    Raises:
        MalformedError: It is, or is no YAML.
    """
    if may_be_deep(data):
        for _ in events(data):
            pass
    return data


def loader() -> Any:
    """PyYAML's safe loader: the one in C where there is one, which is ten times as quick."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@contextlib.contextmanager
def _told(data: bytes) -> Iterator[None]:
    """Tell of whatever comes of a YAML text as one error."""
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
        raise MalformedError(f"no valid YAML: {' '.join(str(error).split())}") from None
    except Exception as error:  # noqa: BLE001 - `"\\UFFFFFFFF"` is an OverflowError to one of the loaders
        raise MalformedError(f"no valid YAML: {' '.join(str(error).split()) or type(error).__name__}") from None


def _marked(error: yaml.MarkedYAMLError) -> MalformedError:
    """What is wrong at a place that the parser tells, and where that began which it was in."""
    mark, began = error.problem_mark or error.context_mark, error.context_mark
    reason = f"no valid YAML: {error.problem}"
    if mark is None:
        return MalformedError(reason)
    line, column = mark.line + 1, mark.column + 1
    if began is None or (began.line, began.column) == (mark.line, mark.column):
        return MalformedError(reason, line, column)
    where = f"{error.context} that begins at {began.line + 1}:{began.column + 1}"
    return MalformedError(f"{reason} ({where})", line, column, began.line + 1)


def _no_text(data: bytes, reason: str) -> MalformedError:
    """The first thing in a text that is none: a byte, or a control character."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text, reason = data[: error.start].decode("utf-8"), error.reason
    end = len(text)
    if control := _CONTROL.search(text):
        end, reason = control.start(), "a control character, as binary files have them"
    before = text[:end]
    return MalformedError(f"no valid YAML: {reason}", before.count("\n") + 1, end - before.rfind("\n"))
