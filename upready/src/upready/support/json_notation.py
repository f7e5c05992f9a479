"""JSON that every reader takes: a number that JSON has no word for becomes a string."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_strict = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def compact(content: Mapping[str, Any]) -> str:
    """An object on one line, as short as can be; quick, for many of them."""
    try:
        return _strict(content)
    except ValueError:
        return _strict(_finite(content))


def encode(content: Mapping[str, Any], *, indent: int | None = None) -> str:
    """An object; what JSON does not know at all is written as its text."""
    try:
        return _dumps(content, indent)
    except ValueError:
        return _dumps(_finite(content), indent)


def _dumps(content: Any, indent: int | None) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=indent, default=str)


def _finite(value: Any) -> Any:
    """The same with `"NaN"`, `"Infinity"` and `"-Infinity"`, which services answer and log as numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return {_finite(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
