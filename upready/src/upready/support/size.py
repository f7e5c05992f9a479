"""A size as people write it, in bytes."""

from __future__ import annotations

import re

from upready.support.errors import UsageError

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def parse(text: str, where: str) -> int:
    """Bytes from a size as people write it: `95MB`, `1.5 GiB`, `1024`.

    Raises:
        UsageError: It is no size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b?)\s*", text, re.IGNORECASE)
    unit = (match[2].lower() or "b") if match else ""
    unit = unit if unit.endswith("b") else f"{unit}b"
    if match is None or unit not in _UNITS:
        raise UsageError(
            f"{where}: should be a size such as 95MB, not {text!r}", next="write it as 95MB, say, then: invoke config"
        )
    return round(float(match[1]) * _UNITS[unit])
