"""JSON that every reader accepts: numbers that JSON does not have become strings."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_strict = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def compact(content: Mapping[str, Any]) -> str:
    """An object on one line, as short as possible; fast, for many objects."""
    try:
        return _strict(content)
    except ValueError:
        return _strict(_finite(content))


def encode(content: Mapping[str, Any], *, indent: int | None = None) -> str:
    """An object; a value of a type that JSON does not have is written as its text."""
    try:
        return _dumps(content, indent)
    except ValueError:
        return _dumps(_finite(content), indent)


def _dumps(content: Any, indent: int | None) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=indent, default=str)


def _finite(value: Any) -> Any:
    """The value with `"NaN"`, `"Infinity"` and `"-Infinity"` as strings; services send and log them as numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return {_finite(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
