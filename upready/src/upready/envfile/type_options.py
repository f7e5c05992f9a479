"""The options of a type in `@type`: `number(min=1, isInt=true)`, `enum(a, b)`."""

from __future__ import annotations

import re
from types import UnionType

from upready.envfile.notation import Call, Value


class KindError(Exception):
    """A type has wrong options; the message says which, and why."""


class Options:
    """The options of a type. Each method raises a `KindError` if the option has the wrong form."""

    def __init__(self, call: Call) -> None:
        self._name = call.name
        self._left = dict(call.options)
        self._arguments = call.arguments
        self._known: list[str] = []
        self._took_arguments = False

    def arguments(self) -> list[str]:
        """The plain values between the parentheses."""
        self._took_arguments = True
        if self._left or not all(isinstance(item, str | bool) for item in self._arguments):
            raise KindError(f"{self._name} takes plain values")
        return [_text(item) for item in self._arguments]

    def element(self) -> Value | None:
        """The only argument, which names a type."""
        self._took_arguments = True
        if len(self._arguments) > 1:
            raise KindError(f"{self._name} takes one type of its elements, and options")
        return self._arguments[0] if self._arguments else None

    def text(self, name: str) -> str | None:
        """A text; None if the option is not given."""
        value = self._take(name, str | bool, "a text")
        return None if value is None else _text(value)

    def number(self, name: str) -> float | None:
        """A number; None if the option is not given."""
        value = self._take(name)
        try:
            return None if value is None else float(str(value))
        except ValueError:
            raise KindError(f"{name} takes a number") from None

    def flag(self, name: str) -> bool:
        """True or false; False if the option is not given."""
        return bool(self._take(name, bool, "true or false"))

    def texts(self, name: str) -> list[str]:
        """A list of texts, or a single one."""
        value = self._take(name)
        items = value if isinstance(value, tuple) else () if value is None else (value,)
        if all(isinstance(item, str) for item in items):
            return [str(item) for item in items]
        raise KindError(f"{name} takes a list of texts")

    def pattern(self, name: str) -> re.Pattern[str] | None:
        """A regular expression; None if the option is not given."""
        value = self._take(name)
        flags = ""
        if isinstance(value, Call) and value.name == "regex" and value.arguments:
            source, *rest = (_text(item) for item in value.arguments if isinstance(item, str | bool))
            flags = rest[0] if rest else ""
        elif isinstance(value, str):
            source = value
        elif value is None:
            return None
        else:
            raise KindError(f"{name} takes a pattern, or regex(pattern, flags)")
        try:
            return re.compile(source, re.IGNORECASE if "i" in flags else 0)
        except re.error as error:
            raise KindError(f"{name} is not a valid regular expression: {error}") from None

    def done(self) -> None:
        """Refuse options and arguments that the type did not ask for."""
        if self._left:
            unknown = ", ".join(self._left)
            raise KindError(f"{self._name} has no option {unknown}; known: {', '.join(self._known) or 'none'}")
        if self._arguments and not self._took_arguments:
            raise KindError(f"{self._name} takes no plain values, only options: {', '.join(self._known) or 'none'}")

    def _take(self, name: str, kind: type | UnionType = object, wanted: str = "") -> Value | None:
        self._known.append(name)
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, kind):
            raise KindError(f"{name} takes {wanted}")
        return value


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
