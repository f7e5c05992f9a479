"""Conditions for `@required` in the notation of @env-spec: `forEnv(prod)`, `not($DEBUG)`, `and(…)`.

The functions, and what counts as true, are those of https://varlock.dev/reference/functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from upready.envfile import kinds
from upready.envfile.notation import Call, Value
from upready.envfile.type_options import KindError

Look = Callable[[str], str | bool]
"""Gives the value of another variable: True or False if its type is boolean, else its text; empty if it has none."""

_REFERENCE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})", re.ASCII)
_FALSE = ("", "false", "0")

_ARGUMENTS = {
    "forEnv": (1, None, "the names of environments: forEnv(prod)"),
    "not": (1, 1, "one value: not($DEBUG)"),
    "and": (2, None, "two values or more: and(forEnv(prod), $TLS)"),
    "or": (2, None, "two values or more: or(forEnv(prod), $TLS)"),
    "eq": (2, 2, "two values: eq($STORAGE, s3)"),
    "isEmpty": (1, 1, "one value: isEmpty($DATABASE_URL)"),
    "if": (2, 3, "a condition and one value or two: if($TLS, true, false)"),
    "ref": (1, 1, "the name of a variable: ref(TLS)"),
}


@dataclass(frozen=True)
class Condition:
    """A condition.

    Attributes:
        value: As written in the schema.
        environments: The environments that it names.
        names: The variables that it uses.
    """

    value: Value
    environments: tuple[str, ...]
    names: tuple[str, ...]

    def holds(self, environment: str, look: Look) -> bool:
        """Whether it is true in an environment."""
        return _is_true(_resolved(self.value, environment, look))


def build(value: Value) -> Condition:
    """Make a condition from the value of `@required=`.

    Raises:
        KindError: It uses an unknown function, or wrong arguments.
    """
    calls = list(_calls(value))
    for call in calls:
        low, high, wanted = _ARGUMENTS.get(call.name, (0, None, ""))
        if not wanted:
            raise KindError(f"there is no function {call.name}; known: {', '.join(_ARGUMENTS)}")
        if call.options or len(call.arguments) < low or (high is not None and len(call.arguments) > high):
            raise KindError(f"{call.name} takes {wanted}")
        if call.name in ("forEnv", "ref") and not all(isinstance(each, str) for each in call.arguments):
            raise KindError(f"{call.name} takes {wanted}")
    if not calls and not _referred(value):
        raise KindError("takes true, false, a reference as $TLS, or a function as forEnv(prod)")
    environments = (str(each) for call in calls if call.name == "forEnv" for each in call.arguments)
    return Condition(value, tuple(environments), tuple(dict.fromkeys(_references(value))))


def _resolved(value: Value, environment: str, look: Look) -> str | bool:  # noqa: PLR0911 - one return a function
    if not isinstance(value, Call):
        name = _referred(value)
        return look(name) if name else value if isinstance(value, str | bool) else ""
    if value.name == "forEnv":
        return environment in value.arguments
    if value.name == "ref":
        return look(str(value.arguments[0]))
    # Values have no side effects, so all of them are computed first.
    given = [_resolved(each, environment, look) for each in value.arguments]
    if value.name == "not":
        return not _is_true(given[0])
    if value.name == "and":
        return all(map(_is_true, given))
    if value.name == "or":
        return any(map(_is_true, given))
    if value.name == "eq":
        return _text(given[0]) == _text(given[1])
    if value.name == "isEmpty":
        return given[0] == ""
    return given[1] if _is_true(given[0]) else given[2] if len(given) > 2 else ""


def as_boolean(text: str) -> bool:
    """The value of a boolean variable's text; an empty text is False."""
    return text.strip().lower() in kinds.TRUE


def _calls(value: Value) -> Iterator[Call]:
    if isinstance(value, Call):
        yield value
        for each in value.arguments:
            yield from _calls(each)


def _references(value: Value) -> Iterator[str]:
    for call in _calls(value):
        if call.name == "ref":
            yield str(call.arguments[0])
        elif call.name != "forEnv":
            yield from filter(None, map(_referred, call.arguments))
    if name := _referred(value):
        yield name


def _referred(value: Value) -> str:
    """The variable that a value refers to; empty if it is not a reference."""
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return (match[1] or match[2]) if match else ""


def _is_true(value: str | bool) -> bool:
    return value if isinstance(value, bool) else value.strip().lower() not in _FALSE


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value
