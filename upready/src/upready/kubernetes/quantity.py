"""Amounts as compose writes them, and as Kubernetes does: memory, processors, seconds."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from upready.support import units
from upready.support.errors import UsageError


def memory(value: Any) -> str:
    """Bytes, as a number or as `64m`: `64Mi`, `1Gi`, or the bytes where they are no round number."""
    count = size(value)
    for unit, length in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if count and count % length == 0:
            return f"{count // length}{unit}"
    return str(count)


def size(value: Any) -> int:
    """Bytes, in compose's units, which are powers of 1024; 0 for what is no size."""
    text = str(value or 0).strip().lower().removesuffix("b").removesuffix("i")
    if text[-1:] in ("k", "m", "g"):
        text += "ib"
    with contextlib.suppress(UsageError):
        return units.parse_size(text, "")
    return 0


def processors(value: Any) -> str:
    """A number of processors: `2`, `500m`."""
    thousandths = max(1, round(float(value) * 1000))
    return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"


def seconds(value: Any, default: float = 0) -> int:
    """A duration as whole seconds, rounded up."""
    found = units.parse_duration(str(value)) if value not in (None, "") else None
    return math.ceil(default if found is None else found)
