"""The @env-spec notation: decorators in the comments above a variable.

The syntax is the one of https://varlock.dev/env-spec/reference: `@name`, `@name=value`, `@name(arguments)`; a value is
bare, quoted, a call `type(option=value)` or a list `[a, b]`; arguments may continue on the next comment line. What each
decorator means is in `decorators`.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar


@dataclass(frozen=True)
class Call:
    """`name(a, b, key=value)`; a name alone is a call without arguments."""

    name: str
    arguments: tuple[Value, ...] = ()
    options: Mapping[str, Value] = field(default_factory=dict)


Value = str | bool | Call | tuple["Value", ...]


@dataclass(frozen=True)
class Decorator:
    """One decorator and its place (from 1).

    Attributes:
        name: Without the `@`.
        value: What follows `=`; True for a name alone, None for the form `@name(...)`.
        call: The arguments of that form.
        line: In the file.
        column: Of the `@`.
    """

    name: str
    value: Value | None
    call: Call | None
    line: int
    column: int


@dataclass(frozen=True)
class Comment:
    """One comment line: its text behind the `#`, and the place of that text."""

    text: str
    line: int
    column: int

    @property
    def is_divider(self) -> bool:
        """Whether it is a line such as `# ---`, which separates the comments above it from the variable."""
        begin = self.text.lstrip(" \t")[:3]
        return len(begin) == 3 and set(begin) <= set("-=*#")

    @property
    def is_decorated(self) -> bool:
        """Whether it holds decorators; elsewhere an `@` is just text."""
        return _is_decorated(self.text)


@dataclass(frozen=True)
class Problem:
    """A mistake in the schema, and its place."""

    message: str
    line: int
    column: int
    fix: str = ""


_Placed = TypeVar("_Placed", Decorator, Problem)


def _is_decorated(text: str) -> bool:
    begin = text.lstrip(" \t")[:2]
    return begin[:1] == "@" and begin[1:].isascii() and begin[1:].isalpha()


class NotationError(Exception):
    """A decorator is malformed at an offset of the block."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def parse(comments: Sequence[Comment]) -> tuple[list[Decorator], list[Problem]]:
    """The decorators of one comment block, in order, and what is wrong with them."""
    first = next((row for row, comment in enumerate(comments) if comment.is_decorated), None)
    if first is None:
        return [], []
    block = comments[first:]
    decorators, problems = _read(tuple(comment.text for comment in block))

    def placed(item: _Placed) -> _Placed:
        comment = block[item.line]
        return replace(item, line=comment.line, column=comment.column + item.column)

    return [placed(each) for each in decorators], [placed(each) for each in problems]


# The same few decorators stand above most variables of a long schema.
@functools.lru_cache(maxsize=256)
def _read(texts: tuple[str, ...]) -> tuple[tuple[Decorator, ...], tuple[Problem, ...]]:
    """As `parse`, for the texts alone: `line` and `column` count from 0 within them."""
    decorators: list[Decorator] = []
    problems: list[Problem] = []
    # Arguments may go on in the following lines, so the reader has the whole block.
    reader = _Reader(texts)
    for row, text in enumerate(texts):
        if not _is_decorated(text) or not reader.begin(row):
            continue
        try:
            while reader.another():
                decorators.append(reader.decorator())
        except NotationError as error:
            problems.append(Problem(error.message, *reader.place(error.at)))
    return tuple(decorators), tuple(problems)


class _Reader:
    """A cursor over the texts of consecutive comment lines."""

    _NAME = re.compile(r"[a-zA-Z][^ \t\n=()#@]*")
    _FUNCTION = re.compile(r"([a-zA-Z][a-zA-Z0-9_]*)\(")
    _KEY = re.compile(r"([a-zA-Z][a-zA-Z0-9_]*)[ \t]*=[ \t]*")
    _QUOTED = re.compile(r"""(["'`])((?:\\.|(?!\1)[^\\\n])*)\1""")
    _BARE = re.compile(r"""[^ \t\n#"'`][^ \t\n#]*""")
    _BARE_ARGUMENT = re.compile(r"[^ \t\n,)\]\"'`][^ \t\n,)\]]*")
    # An argument in parentheses may hold brackets, `matches=^[a-z]+$`; an item of a list may not.
    _BARE_OPTION = re.compile(r"[^ \t\n,)\"'`][^ \t\n,)]*")
    _SPACE = re.compile(r"[ \t]*")
    _SPACE_AND_LINES = re.compile(r"(?:[ \t]|(?:#[^\n]*)?\n)*")

    def __init__(self, texts: Sequence[str]) -> None:
        self._text = "\n".join(texts)
        self._at = 0
        self._starts = list(itertools.accumulate((len(text) + 1 for text in texts), initial=0))

    def begin(self, row: int) -> bool:
        """Go to the beginning of a line; False if it was already read, as the rest of a line above it."""
        if self._starts[row] < self._at:
            return False
        self._at = self._starts[row]
        return True

    def place(self, at: int) -> tuple[int, int]:
        """The line of an offset, and its place there, both from 0."""
        row = min(bisect.bisect_right(self._starts, at), len(self._starts) - 1) - 1
        return row, at - self._starts[row]

    def another(self) -> bool:
        """Whether a decorator follows on this line; a comment or the line's end finishes it."""
        self._skip(self._SPACE)
        rest = self._text[self._at : self._at + 1]
        if rest in ("", "\n", "#"):
            return False
        if rest != "@":
            raise NotationError("text after a decorator; put `#` before it, or give it a line of its own", self._at)
        return True

    def decorator(self) -> Decorator:
        start = self._at
        line, column = self.place(start)
        self._at += 1
        match = self._NAME.match(self._text, self._at)
        if match is None:
            raise NotationError("a decorator's name begins with a letter", start)
        self._at = match.end()
        following = self._text[self._at : self._at + 1]
        if following == "(":
            self._at += 1
            arguments, options = self._arguments()
            return Decorator(match[0], None, Call(match[0], arguments, options), line, column)
        if following == "=":
            self._at += 1
            return Decorator(match[0], self._value(self._BARE), None, line, column)
        return Decorator(match[0], True, None, line, column)

    def _value(self, bare: re.Pattern[str]) -> Value:
        start = self._at
        first = self._text[start : start + 1]
        if first == "[":
            return self._list()
        if first == "{":
            raise NotationError("an object `{…}` is not allowed here", start)
        if match := self._FUNCTION.match(self._text, start):
            self._at = match.end()
            arguments, options = self._arguments()
            return Call(match[1], arguments, options)
        if match := self._QUOTED.match(self._text, start):
            self._at = match.end()
            text = match[2].replace("\\" + match[1], match[1])
            return text.replace("\\n", "\n") if match[1] != "'" else text
        if first and first in "\"'`":
            raise NotationError("a quote is not closed", start)
        if match := bare.match(self._text, start):
            self._at = match.end()
            return {"true": True, "false": False}.get(match[0], match[0])
        raise NotationError("a value is missing", start)

    def _arguments(self) -> tuple[tuple[Value, ...], dict[str, Value]]:
        """The arguments between parentheses; the opening one was read."""
        opening = self._at - 1
        arguments: list[Value] = []
        options: dict[str, Value] = {}
        while True:
            self._skip(self._SPACE_AND_LINES)
            if self._closes(")", opening):
                return tuple(arguments), options
            if match := self._KEY.match(self._text, self._at):
                if match[1] in options:
                    raise NotationError(f"{match[1]} is given twice", self._at)
                self._at = match.end()
                options[match[1]] = self._value(self._BARE_OPTION)
            else:
                arguments.append(self._value(self._BARE_OPTION))
            self._comma(")", opening)

    def _list(self) -> tuple[Value, ...]:
        opening = self._at
        self._at += 1
        items: list[Value] = []
        while True:
            self._skip(self._SPACE_AND_LINES)
            if self._closes("]", opening):
                return tuple(items)
            items.append(self._value(self._BARE_ARGUMENT))
            self._comma("]", opening)

    def _closes(self, bracket: str, opening: int) -> bool:
        found = self._text[self._at : self._at + 1]
        if found == bracket:
            self._at += 1
            return True
        if not found:
            raise NotationError(f"`{bracket}` is missing", opening)
        return False

    def _comma(self, bracket: str, opening: int) -> None:
        self._skip(self._SPACE_AND_LINES)
        found = self._text[self._at : self._at + 1]
        if found == ",":
            self._at += 1
        elif not found:
            raise NotationError(f"`{bracket}` is missing", opening)
        elif found != bracket:
            raise NotationError(f"`,` or `{bracket}` is missing before this", self._at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        assert match is not None  # noqa: S101 - both patterns match nothing, too
        self._at = match.end()
