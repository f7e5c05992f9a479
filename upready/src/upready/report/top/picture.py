"""The whole screen as lines, from what is known and what the user has chosen; for any size of a terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from upready.logs.entry import Entry
from upready.operations.top.state import Row, State
from upready.report import called_as
from upready.report.top import commands, log_lines, table
from upready.report.top.lines import Line, apart, fit, plain, wrapped
from upready.report.top.view import View, chosen

STATUS = {"healthy": "bold green", "degraded": "bold yellow", "unhealthy": "bold red", "stopped": "bold"}

_LOW = 14
"""Lines below which there is no room for a line of commands."""

_NOTE = 3
"""The most lines of what came of the last key."""


@dataclass(frozen=True)
class Size:
    """The terminal's columns and lines, and whether it shows block characters."""

    columns: int
    lines: int
    blocks: bool = True


@dataclass(frozen=True)
class Logs:
    """What is shown of the logs: the entries, oldest first, and how many lines were too many to be shown."""

    entries: Sequence[Entry] = ()
    dropped: int = 0


def draw(state: State, view: View, logs: Logs, panel: Sequence[Line], size: Size, default: str = "") -> list[Line]:
    """The screen: exactly as many lines as it has.

    Args:
        state: What is known.
        view: What the user has chosen.
        logs: The last log entries.
        panel: What stands in place of the logs, where the view has a panel.
        size: The terminal's.
        default: The environment to start where nothing runs.
    """
    cells = size.columns
    top, foot, room = _around(state, view, size, default)
    made = [*top, *_below(state, view, logs, panel, cells, room)]
    made = made[: size.lines - len(foot)]
    made += [[] for _ in range(size.lines - len(foot) - len(made))]
    return [fit(line, cells) for line in [*made, *foot]][: size.lines]


def furthest(state: State, view: View, panel: Sequence[Line], size: Size, default: str = "") -> int:
    """The most lines of a panel that can be above its window: its last line is then the last one of the window."""
    room = _around(state, view, size, default)[2]
    return max(0, len(panel) - room + len(_sentence(state, view, room)))


def _around(state: State, view: View, size: Size, default: str) -> tuple[list[Line], list[Line], int]:
    """What stands above and below the logs or the panel, and how many lines are left between."""
    head = [_title(state, size.columns)]
    foot = _foot(state, view, size)
    room = max(1, size.lines - len(head) - len(foot))
    rows = _rows(state, view, size, room, default)
    return [*head, *rows], foot, room - len(rows)


def services_shown(size: Size, view: View, count: int) -> int:
    """How many rows of services have room beside the logs, or beside a panel."""
    least = 3 if size.lines >= 10 else 1
    return max(least, min(count, (size.lines - 5) // (3 if view.panel else 2)))


def log_room(size: Size) -> int:
    """The most log lines that can be on the screen."""
    return max(1, size.lines)


def _title(state: State, cells: int) -> Line:
    status = state.status or "not looked at yet"
    left: Line = [(table.clean(state.project), "bold"), ("  ", ""), (status, STATUS.get(status, "bold"))]
    if state.rows:
        left.append((f"  {state.ready} of {len(state.rows)} ready", ""))
    right: Line = [(f"{state.environment}, {state.runtime}", "dim"), (time.strftime("  %H:%M:%S"), "dim")]
    return apart(left, right, cells)


def _rows(state: State, view: View, size: Size, room: int, default: str) -> list[Line]:
    """The table, as far as it has room: the chosen row is always in it."""
    if state.trouble:
        return [*_trouble(state, size.columns), *_table(state, view, size, room - 2)]
    if not state.rows:
        start = commands.spoken([default or state.environment], state)
        return [[], [(f"nothing runs; {start} starts it, and it appears here", "")], []]
    return _table(state, view, size, room)


def _trouble(state: State, cells: int) -> list[Line]:
    """Why nothing newer is known."""
    age = max(0, round(time.time() - state.moment)) if state.moment else 0
    told: list[Line] = [[(table.clean(f"{state.trouble}; what is below is {age} s old"), "bold red")]]
    if state.step:
        told.append([("next: ", "bold"), (table.clean(called_as.spoken(state.step).splitlines()[0]), "")])
    return told


def _table(state: State, view: View, size: Size, room: int) -> list[Line]:
    if not state.rows:
        return []
    name = chosen(view, state)
    most = max(1, min(services_shown(size, view, len(state.rows)), room - 1))
    at = next(index for index, each in enumerate(state.rows) if each.name == name)
    first = max(0, min(at - most // 2, len(state.rows) - most))
    shown = state.rows[first : first + most]
    made = table.lines(shown, size.columns, selected=name, blocks=size.blocks, every=state.rows)
    if len(shown) < len(state.rows):
        told = f"{first + 1} to {first + len(shown)} of {len(state.rows)}"
        heading = plain(made[0]).rstrip()
        if len(heading) + len(told) + 2 > size.columns:
            heading = heading.removesuffix(table.ENDS).rstrip()
        made[0] = apart([(heading, "bold")], [(told, "bold")], size.columns)
    return made


def _below(state: State, view: View, logs: Logs, panel: Sequence[Line], cells: int, room: int) -> list[Line]:
    """What stands below the table: a sentence about the chosen service, then the logs or a panel."""
    made = _sentence(state, view, room)
    left = room - len(made)
    if view.panel:
        top = max(0, min(view.top, len(panel) - left))
        return [*made, *panel[top : top + left]]
    if left >= 2:
        made.append(_heading(view, logs, cells))
        left -= 1
    names = [each.health.service for each in state.rows]
    return [*made, *log_lines.lines(logs.entries, names, cells, left)]


def _sentence(state: State, view: View, room: int) -> list[Line]:
    """A sentence about the chosen service, where there is room for it."""
    row = state.row(chosen(view, state))
    return [*([_chosen(row)] if room >= 4 and row is not None else []), *([[]] if room >= 6 else [])]


def _chosen(row: Row) -> Line:
    """A sentence about the chosen service, and its whole address."""
    word, style = table.word(row)
    if word != "ready":
        return [(table.reason(row), style)]
    return [(table.reason(row), "dim"), (f"  {table.clean(row.url)}" if row.url else "", "")]


def _heading(view: View, logs: Logs, cells: int) -> Line:
    """Which logs are shown."""
    which = f"logs of {view.service or 'all services'}"
    which += f", {view.level} or worse" if view.level else ""
    which += f", matching {view.pattern}" if view.pattern else ""
    which += ", held still" if view.still else ""
    left: Line = [(which, "bold")]
    over = f"{logs.dropped:,} lines came too fast to be shown" if logs.dropped else ""
    return apart(left, [(over, "yellow")], cells) if over else left


def _foot(state: State, view: View, size: Size) -> list[Line]:
    """What is being typed or came of the last key, the commands behind the keys, and the keys."""
    if view.typed is not None:
        return [[("/", "bold"), (view.typed, ""), (" ", "reverse"), ("  enter: show, esc: leave", "dim")]]
    row = state.row(chosen(view, state))
    keys = commands.keys(view, state)
    names = _joined([[(each.name, "bold"), (f" {each.does}", "dim")] for each in keys], size.columns)
    if view.note:
        return [*_note(view, size), names]
    if size.lines < _LOW or row is None:
        return [names]
    told = [each for each in keys if each.name in ("d", "r", "x", "o")]
    return [_joined([[(each.name, "bold"), (f" {each.command}", "dim")] for each in told], size.columns), names]


def _note(view: View, size: Size) -> list[Line]:
    """What came of the last key, which may quote what a service says; in one line where there are few."""
    style, told = "red" if view.bad else "bold", table.clean(view.note)
    most = _NOTE if size.lines >= _LOW else 1
    found = wrapped(told, size.columns, style)
    # The last one is cut where it is too long, and shows that.
    rest = " ".join(map(plain, found[most - 1 :]))
    return [*found[: most - 1], [(rest, style)]] if len(found) > most else found


def _joined(parts: Sequence[Line], cells: int) -> Line:
    """As many parts as have room, with a gap between them."""
    made: Line = []
    for each in parts:
        longer: Line = [*made, ("  ", ""), *each] if made else list(each)
        if made and sum(len(text) for text, _ in longer) > cells:
            break
        made = longer
    return made
