"""Says in plain words what is wrong with a request or a setting. pydantic's own messages are about its types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app import examples
from app.settings import MODEL_NAME

NAMED = 60  # characters of a field's name that are shown; the name of an unknown field may be long
SHOWN = 40  # characters of a value that is shown; of a longer one only the length is

NUMBER = "must be a number"
WHOLE = "must be a whole number"
BOOLEAN = "must be true or false"
TEXT = "must be a text"
OBJECT = 'must be a JSON object, such as {{"code": "flowchart LR"}}'
EMPTY = "must not be empty"
LONG = "may have at most {max_length:,} characters"
SHORT = "must have at least {min_length:,} characters"
IDENTIFIER = f"must be an id (a UUID), such as {examples.ID}"
URL = "must be a URL, such as https://host/path"
PATTERNS = {
    r"\S": "must hold something that can be seen",
    MODEL_NAME: "must be the name of a model: at most 200 letters, digits and `.` `_` `:` `/` `@` `~` `-`",
}

# The rule for each kind of error of pydantic; `{…}` are its bounds.
RULES = {
    "bool_parsing": BOOLEAN,
    "bool_type": BOOLEAN,
    "dict_type": OBJECT,
    "enum": "must be {expected}",
    "finite_number": NUMBER,
    "float_parsing": NUMBER,
    "float_type": NUMBER,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE + " with fewer digits",
    "int_type": WHOLE,
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "model_attributes_type": OBJECT,
    "model_type": OBJECT,
    "string_too_long": LONG,
    "string_too_short": SHORT,
    "string_type": TEXT,
    "string_unicode": "must be valid Unicode",
    "too_long": LONG,  # also of a text that has further validators
    "too_short": SHORT,
    "url_parsing": URL,
    "url_scheme": "must be a URL that begins with {expected_schemes}",
    "url_too_long": "must be a URL of at most {max_length:,} characters",
    "url_type": URL,
    "uuid_parsing": IDENTIFIER,
    "uuid_type": IDENTIFIER,
    "uuid_version": IDENTIFIER,
}


def sentence(error: Mapping[str, Any]) -> str:
    """One error of a request: the field, what it must be, and what was sent."""
    field = _field(error)
    match error["type"]:
        case "missing":
            return f"{field} is missing."
        case "extra_forbidden":
            return f"{field} is no field of this request, or cannot be sent together with the others."
        case "json_invalid":
            return f"The body is no valid JSON: it cannot be read on from character {error['loc'][-1] + 1}."
        case "value_error":  # our own message, which says what was sent if that helps
            return f"{field} {rule(error)}."
    wanted = rule(error)
    return f"{field} {wanted}." if wanted == EMPTY else f"{field} {wanted}; {_sent(error['input'])} was sent."


def rule(error: Mapping[str, Any]) -> str:
    """The rule that a value breaks, without the value, which may be a secret."""
    bounds: Mapping[str, Any] = error.get("ctx") or {}
    match error["type"]:
        case "value_error":
            return str(bounds["error"])
        case "string_pattern_mismatch":
            return PATTERNS.get(bounds["pattern"], "has a form that is not accepted")
        case "string_too_short" | "too_short" if bounds["min_length"] == 1:
            return EMPTY
    wanted = RULES.get(error["type"], "has a form that is not accepted")
    return wanted.format(**bounds)


def where(error: Mapping[str, Any]) -> str:
    """The location of an error, without the kind of body that was assumed (`bodies.tag`)."""
    return ".".join(str(part) for part in error["loc"] if not str(part).startswith("«"))


def _field(error: Mapping[str, Any]) -> str:
    """The beginning of the sentence: the name of the field, or the whole body."""
    names = where(error).split(".", 1)
    if len(names) == 1:
        return f"The {names[0]}"
    name = "".join(letter if letter.isprintable() else "�" for letter in names[1][:NAMED])
    return f"`{name}`" if len(names[1]) <= NAMED else f"`{name[:-1]}…`"


def _sent(value: object) -> str:
    """A value if it is short, else what kind of value it is."""
    if isinstance(value, str):
        shown = json.dumps(value) if value else "nothing"
        return shown if len(value) <= SHOWN else f"a text of {len(value):,} characters"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value) if not isinstance(value, int) or abs(value) < 10**SHOWN else "a larger one"
