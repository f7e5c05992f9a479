"""Sizes and times: as people read them, and as people write them."""

from __future__ import annotations

import re

from upready.support.errors import UsageError

_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}

_SECONDS = {
    "ns": 1e-9,
    **dict.fromkeys(("us", "µs"), 1e-6),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}

_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]+)\s*")


def size(count: int | None) -> str:
    """Bytes in decimal units, as Docker shows them: `14.2 MB`."""
    if count is None:
        return "-"
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if abs(value) < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def parse_size(text: str, where: str) -> int:
    """The bytes of a size as people write it: `95MB`, `1.5 GiB`, `1024`.

    Args:
        text: The size.
        where: The setting that it comes from, for the error message.

    Raises:
        UsageError: The text is not a size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b?)\s*", text, re.IGNORECASE)
    unit = (match[2].lower() or "b") if match else ""
    unit = unit if unit.endswith("b") else f"{unit}b"
    if match is None or unit not in _BYTES:
        step = "write it as 95MB, say, then: invoke config"
        raise UsageError(f"{where}: should be a size such as 95MB, not {text!r}", next=step)
    return round(float(match[1]) * _BYTES[unit])


def duration(seconds: float | None) -> str:
    """Seconds, as the two largest units: `3 h 12 min`."""
    if seconds is None:
        return "-"
    left = int(seconds)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def parse_duration(text: str) -> float | None:
    """The seconds of a duration as people write it: `90s`, `1h30m`, `1.5 hours`. None if a number has no unit."""
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text) or any(unit not in _SECONDS for _, unit in parts):
        return None
    return sum(float(count) * _SECONDS[unit] for count, unit in parts)


def replica(service: str, number: int) -> str:
    """The name of a replica: the service, with its number from the second one on."""
    return service if number == 1 else f"{service}-{number}"


def counted(count: int, noun: str) -> str:
    """A number of things: `1 row`, `20,000 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def times(count: int) -> str:
    """How often: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
