"""Log entries as lines of the screen: time, service, text; an entry of several lines keeps them together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len

from upready.logs.entry import Entry
from upready.report.logs import text_of
from upready.report.top.lines import Line, fit

_HUES = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_magenta", "bright_blue", "bright_green")
"""Colours of the services, in turn; without red and yellow, which are for levels."""

_LEVELS = {"warning": "yellow", "error": "red", "critical": "bold red", "debug": "dim", "trace": "dim"}

_NARROW = 60
"""Cells below which a line has no time."""


def lines(entries: Sequence[Entry], services: Sequence[str], cells: int, height: int) -> list[Line]:
    """The last lines of some entries.

    Args:
        entries: Oldest first.
        services: The names of all services, which decide colours and width.
        cells: The width of each line.
        height: The most lines.
    """
    names = sorted({*services, *(each.origin.service for each in entries)})
    hues = {name: _HUES[index % len(_HUES)] for index, name in enumerate(names)}
    most = min(max((cell_len(each.origin.label) for each in entries), default=0), max(8, cells // 4))
    made: list[Line] = []
    for each in reversed(entries):
        made[:0] = _entry(each, hues[each.origin.service], most, cells)
        if len(made) >= height:
            break
    return made[max(0, len(made) - height) :]


def _entry(entry: Entry, hue: str, most: int, cells: int) -> list[Line]:
    style = _LEVELS.get(entry.level or "", "")
    label = fit([(entry.origin.label, hue)], most)
    clock = [(f"{_clock(entry.time)} ", "dim")] if cells >= _NARROW else []
    made = []
    for text in text_of(entry).expandtabs(4).split("\n"):
        made.append(fit([*clock, *label, (" ", ""), (text, style)], cells))
    return made


def _clock(time: str) -> str:
    """The local time of day."""
    return f"{datetime.fromisoformat(f'{time[:19]}+00:00').astimezone():%H:%M:%S}"
