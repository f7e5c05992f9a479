"""Logs as a container writes them, a line at a time, made into what a diagnosis looks at."""

from __future__ import annotations

from tests.unit.conftest import DATA
from upready.diagnosis.log import Log, parse
from upready.logs.entry import Origin
from upready.logs.groups import Grouper

BEGAN = 1_800_000_000.0
"""When the first line was written, in seconds since 1970: 2027-01-15 08:00:00 UTC."""


def recorded(name: str) -> list[str]:
    """The lines of a real run, kept in a file."""
    return (DATA / "traces" / f"{name}.txt").read_text("utf-8").splitlines()


def written(*lines: str, every: float = 0.001) -> Log:
    """The log that lines make which are written one after the other, so many seconds apart."""
    grouper = Grouper(Origin("web", 1, "web1"))
    stamps = [f"2027-01-15T{_clock(number * every)}Z" for number in range(len(lines))]
    entries = [
        *grouper.add([(stamp, 1, line) for stamp, line in zip(stamps, lines, strict=True)]),
        *grouper.idle(patient=False),
    ]
    times = [BEGAN + every * stamps.index(entry.time) for entry in entries]
    return parse([(entry.text, entry.level) for entry in entries], times)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{8 + whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{round((seconds - whole) * 1e9):09}"
