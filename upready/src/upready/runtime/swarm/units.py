"""Values of a compose model as the engine's API has them: nanoseconds, bytes, nano-CPUs, texts that it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.support import units

NANO = 10**9


def nanoseconds(text: Any) -> int | None:
    """A duration (`1m30s`) in nanoseconds; None if there is none."""
    found = None if text is None else units.parse_duration(str(text))
    return None if found is None else round(found * NANO)


def size(value: Any, where: str) -> int:
    """A size in bytes. Here `m` is 2^20, as engines and compose read it.

    Raises:
        UsageError: It is no size.
    """
    text = str(value).strip().lower()
    if text[-1:] in "kmgtp" and text[:-1].isdigit():
        return int(text[:-1]) << 10 * ("kmgtp".index(text[-1]) + 1)
    return units.parse_size(text, where)


def nano_cpus(value: Any) -> int:
    """A number of processors in the API's unit."""
    return round(float(value) * NANO)


def mode(value: Any) -> int:
    """Rights of a file: compose prints them as octal digits, or as a number."""
    return int(value, 8) if isinstance(value, str) else int(value)


def verbatim(text: Any) -> str:
    """A text that Swarm will not expand: it takes `{{` in variables, names of hosts and mounts for a template."""
    return str(text).replace("{{", '{{"{{"}}')


def stripped(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A section of a spec without what is not set; 0, false and an empty text are."""
    return {key: value for key, value in entry.items() if value is not None and value not in ([], {})}
