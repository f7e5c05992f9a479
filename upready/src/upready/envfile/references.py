"""The references `${NAME}` in a text: their places, and the text with their values, by compose's rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# `$$` is a dollar; `${NAME` may go on with an operator and text up to its own closing brace.
_REFERENCE = re.compile(r"\$(?:\$|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<rest>[^A-Za-z0-9_]))", re.ASCII)
_OPERATOR = re.compile(r":?[-?+]")
_BRACE = re.compile(r"\$\{|\}")
_COMMENT = re.compile(r"(?:^|\s)#")


@dataclass(frozen=True)
class Use:
    """One `${NAME}` in a compose file, or one name whose value is passed on as it is.

    Attributes:
        name: The variable.
        operator: What follows the name: nothing, `-`, `:-`, `?`, `:?`, `+` or `:+`.
        argument: The default, or the message, as written.
        file: Name of the file relative to the project; empty for one only compose knows of.
        line: From 1; 0 when unknown.
        column: Of the `$`, from 1.
        within: The use in whose default, or other text, this one stands; None if there is none.
        key: For a name that is passed on, the key that does it: `environment`, `build.args`, `secrets` or `configs`.
        wanted: For one under `secrets` or `configs`, whether a service mounts it.
    """

    name: str
    operator: str = ""
    argument: str = field(default="", repr=False)
    file: str = ""
    line: int = 0
    column: int = 0
    within: Use | None = field(default=None, repr=False)
    key: str = ""
    wanted: bool = False

    @property
    def expression(self) -> str:
        """The use as it is written: `${NAME:-default}`."""
        return f"${{{self.name}{self.operator}{self.argument}}}"

    @property
    def blank_without_value(self) -> bool:
        """Whether compose silently uses an empty text here if the variable is unset."""
        return self.operator == "" and not self.key

    @property
    def demands_value(self) -> bool:
        """Whether compose refuses to go on when the variable is unset."""
        return self.operator in ("?", ":?") or self.wanted

    @property
    def has_default(self) -> bool:
        """Whether the variable may be unset."""
        return self.operator in ("-", ":-", "+", ":+")

    def is_reached(self, given: Mapping[str, str]) -> bool:
        """Whether compose needs this use at all, with the given variables: a default may not be needed."""
        if self.within is None:
            return True
        outer, value = self.within, given.get(self.within.name)
        is_there = value is not None and (value != "" or not outer.operator.startswith(":"))
        return outer.is_reached(given) and is_there == outer.operator.endswith("+")


def scan(text: str, file: str = "") -> Iterator[Use]:
    """The references in a text, the outermost first, also those within a default, but not those in a YAML comment."""
    for number, line in enumerate(text.split("\n"), 1):
        if "$" in line:
            yield from references(_COMMENT.split(line, maxsplit=1)[0], file, number, 1)


def references(
    text: str, file: str = "", line: int = 0, column: int = 1, *, within: Use | None = None
) -> Iterator[Use]:
    """The references in one line's text, whose first character stands at a line and column of a file."""
    at = 0
    while match := _REFERENCE.search(text, at):
        at = match.end()
        start = column + match.start()
        if match["plain"]:
            yield Use(match["plain"], file=file, line=line, column=start, within=within)
        elif match["name"]:
            opening = match.start("rest")
            end = _closing_brace(text, opening)
            inside = text[opening:end]
            operator = _OPERATOR.match(inside)
            argument = inside[operator.end() :] if operator else ""
            use = Use(match["name"], operator[0] if operator else "", argument, file, line, start, within)
            yield use
            yield from references(argument, file, line, column + end - len(argument), within=use)
            at = max(at, end)


def _closing_brace(text: str, start: int) -> int:
    depth = 1
    for match in _BRACE.finditer(text, start):
        depth += 1 if match[0] == "${" else -1
        if depth == 0:
            return match.start()
    return len(text)


def expand(text: str, given: Mapping[str, str]) -> str:
    """A text with every reference replaced by the variable's value, or else by its own default."""
    out, at = "", 0
    while match := _REFERENCE.search(text, at):
        out += text[at : match.start()]
        at = match.end()
        if match["plain"]:
            out += given.get(match["plain"], "")
        elif match["name"]:
            end = _closing_brace(text, match.start("rest"))
            out += _expanded(given.get(match["name"]), text[match.start("rest") : end], given)
            at = end + 1
        else:
            out += "$"
    return out + text[at:]


def _expanded(value: str | None, inside: str, given: Mapping[str, str]) -> str:
    """The text for `${NAME…}`; `inside` is what follows the name."""
    operator = _OPERATOR.match(inside)
    sign = operator[0] if operator else ""
    is_there = value is not None and (value != "" or not sign.startswith(":"))
    if sign.endswith("+"):
        return expand(inside[len(sign) :], given) if is_there else ""
    if sign.endswith("-") and not is_there:
        return expand(inside[len(sign) :], given)
    return value or ""
