"""A duration as people write it: `90s`, `1h30m`, `1.5 hours`."""

from __future__ import annotations

import re

UNITS = {
    "ns": 1e-9,
    **dict.fromkeys(("us", "µs"), 1e-6),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}
"""Seconds of each unit, by its names."""

_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)\s*")


def parse(text: str) -> float | None:
    """The seconds of a duration, each number of which has a unit; None where the text is none."""
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text) or any(unit not in UNITS for _, unit in parts):
        return None
    return sum(float(count) * UNITS[unit] for count, unit in parts)
