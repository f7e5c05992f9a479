"""What the user has chosen to see, and what a key changes of it. Nothing here draws, and nothing is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from upready.operations.top.state import State, Wait
from upready.readiness.health import Verdict

LEVELS = (None, "info", "warning", "error")
"""The levels that `v` goes through."""

PAGE = 10
"""Entries or lines that a page moves."""


@dataclass(frozen=True)
class View:
    """What is shown.

    Attributes:
        selected: The name of the chosen row; empty for the first one.
        service: Whose logs alone are shown; empty for all.
        level: The level of the logs, or worse; None for all.
        pattern: The regular expression that log lines must match; empty for all.
        typed: What has been typed behind `/` so far; None where nothing is being typed.
        panel: What stands in place of the logs: `help`, `diagnosis`, or nothing.
        top: Lines of the panel that are above its window.
        still: Whether the logs are held still.
        back: Log entries that are below the window.
        note: What came of the last key, in a line.
        bad: Whether that is a failure.
    """

    selected: str = ""
    service: str = ""
    level: str | None = None
    pattern: str = ""
    typed: str | None = None
    panel: str = ""
    top: int = 0
    still: bool = False
    back: int = 0
    note: str = ""
    bad: bool = False

    def told(self, note: str, *, bad: bool = False) -> View:
        """The same with a note."""
        return replace(self, note=note, bad=bad)


def chosen(view: View, state: State) -> str:
    """The name of the chosen row: the first one where it is gone; empty without rows."""
    names = [each.name for each in state.rows]
    return view.selected if view.selected in names else (names[0] if names else "")


def press(view: View, key: str, state: State) -> tuple[View, str]:
    """What a key makes of a view, and what is to be done besides.

    Returns:
        The view, and one of: `quit`, `filter` (what the logs show has changed), `hold` (whether they stand still has),
        `diagnose`, `restart`, `shell`, `open` (the chosen service), or nothing.
    """
    if view.typed is not None:
        return _typing(view, key)
    view = replace(view, note="", bad=False)
    if view.panel and (moved := _scrolled(view, key)):
        return moved, ""
    if key in ("esc", "q") and (view.panel or key == "esc"):
        return _back(view)
    if key in _DOES:
        return _done(view, key, state)
    if key in _MOVES:
        return _MOVES[key](view, state), ""
    return _LOGS[key](view, state) if key in _LOGS else (view, "")


def _done(view: View, key: str, state: State) -> tuple[View, str]:
    """A key with which something is done, to the chosen service mostly."""
    if key == "d" and view.panel == "diagnosis":
        return _back(view)
    return view, _DOES[key] if state.rows or key == "q" else ""


def _help(view: View, _: State) -> View:
    return replace(view, panel="" if view.panel == "help" else "help", top=0)


def _own_logs(view: View, state: State) -> tuple[View, str]:
    """The logs of the chosen service alone, or of all again."""
    row = state.row(chosen(view, state))
    if row is None:
        return view, ""
    own = row.health.service
    return replace(view, service="" if view.service == own else own, panel="", back=0, still=False), "filter"


def _level(view: View, _: State) -> tuple[View, str]:
    return replace(view, level=LEVELS[(LEVELS.index(view.level) + 1) % len(LEVELS)], panel="", back=0), "filter"


def _slash(view: View, _: State) -> tuple[View, str]:
    return replace(view, typed=view.pattern, panel=""), ""


def _hold(view: View, _: State) -> tuple[View, str]:
    return replace(view, still=not view.still, back=0), "hold"


def _earlier(view: View, _: State) -> tuple[View, str]:
    return replace(view, still=True, back=view.back + PAGE), "" if view.still else "hold"


def _later(view: View, state: State) -> tuple[View, str]:
    if view.back > PAGE:
        return replace(view, back=view.back - PAGE), ""
    return _newest(view, state)


def _newest(view: View, _: State) -> tuple[View, str]:
    return replace(view, still=False, back=0), "hold"


def _typing(view: View, key: str) -> tuple[View, str]:
    """A key while a filter is typed."""
    typed = view.typed or ""
    if key == "enter":
        return replace(view, typed=None, pattern=typed, back=0, note="", bad=False), "filter"
    if key == "esc":
        return replace(view, typed=None), ""
    if key == "backspace":
        return replace(view, typed=typed[:-1]), ""
    return replace(view, typed=typed + key if len(key) == 1 else typed), ""


def _back(view: View) -> tuple[View, str]:
    """Escape: away with the panel; without one, away with all that limits the logs."""
    if view.panel:
        return replace(view, panel="", top=0), ""
    return replace(view, service="", level=None, pattern="", still=False, back=0), "filter"


def _scrolled(view: View, key: str) -> View | None:
    """A panel's window moved; None where the key does not move it."""
    step = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": PAGE, "pageup": -PAGE, " ": PAGE}.get(key)
    return None if step is None else replace(view, top=max(0, view.top + step))


def _moved(view: View, state: State, step: int) -> View:
    names = [each.name for each in state.rows]
    if not names:
        return view
    at = names.index(chosen(view, state)) + step
    return replace(view, selected=names[max(0, min(len(names) - 1, at))])


def _next_bad(view: View, state: State) -> View:
    """The next row that is not ready, or only in part."""
    names = [each.name for each in state.rows]
    bad = [each.name for each in state.rows if each.health.verdict is not Verdict.READY or each.health.degraded]
    if not bad:
        return view.told("every service is ready")
    at = names.index(chosen(view, state))
    later = [each for each in bad if names.index(each) > at]
    return replace(view, selected=(later or bad)[0])


def _waits(view: View, state: State) -> View:
    """Tell what the chosen service waits for, and go to the first of those that are not as they must be."""
    row = state.row(chosen(view, state))
    if row is None:
        return view
    waits: Sequence[Wait] = (state.waits or {}).get(row.health.service, ())
    if not waits:
        return view.told(f"{row.name} waits for no other service")
    open_ = [each for each in waits if not each.met]
    said = "; ".join(f"{each.service} ({each.condition}), which {each.reason}" for each in open_ or waits)
    there = next((each.name for wait in open_ for each in state.rows if each.health.service == wait.service), "")
    if not open_:
        return view.told(f"{row.name} has what it waits for: {said}")
    return replace(view, selected=there or view.selected, note=f"{row.name} waits for {said}")


_DOES = {"q": "quit", "d": "diagnose", "r": "restart", "x": "shell", "o": "open"}

_MOVES: Mapping[str, Callable[[View, State], View]] = {
    "?": _help,
    "down": lambda view, state: _moved(view, state, 1),
    "j": lambda view, state: _moved(view, state, 1),
    "up": lambda view, state: _moved(view, state, -1),
    "k": lambda view, state: _moved(view, state, -1),
    "home": lambda view, state: _moved(view, state, -len(state.rows)),
    "g": lambda view, state: _moved(view, state, -len(state.rows)),
    "G": lambda view, state: _moved(view, state, len(state.rows)),
    "n": _next_bad,
    "enter": _waits,
}

_LOGS: Mapping[str, Callable[[View, State], tuple[View, str]]] = {
    "l": _own_logs,
    "v": _level,
    "/": _slash,
    " ": _hold,
    "pageup": _earlier,
    "pagedown": _later,
    "end": _newest,
}
