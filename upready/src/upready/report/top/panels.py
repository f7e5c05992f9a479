"""What stands in place of the logs: the help, and a diagnosis."""

from __future__ import annotations

from rich.console import Console, RenderableType

from upready.operations.top.state import State
from upready.report.top import commands
from upready.report.top.lines import Line, wrapped
from upready.report.top.view import View

_GAP = 12
_SIDE_BY_SIDE = 90


def help_lines(state: State, view: View, cells: int) -> list[Line]:
    """What each key does, and the command that it stands for."""
    known = {each.name: each.command for each in commands.keys(view, state)}
    made: list[Line] = [[("keys, and the commands that do the same", "bold")]]
    for name, does in commands.HELP:
        command = known.get(name, "")
        line: Line = [(f"{name:{_GAP}}", "bold"), (f"{does}", "")]
        if command and cells >= _SIDE_BY_SIDE:
            line = [(f"{name:{_GAP}}", "bold"), (f"{does:46}", ""), (command, "dim")]
        made.append(line)
        if command and cells < _SIDE_BY_SIDE:
            made.append([(" " * (_GAP if cells >= 40 else 2), ""), (command, "dim")])
    made += [[], *wrapped("Bars: cpu of the last 20 s, memory against its limit.", cells, "dim")]
    return made


def rendered(shown: RenderableType, console: Console, cells: int) -> list[Line]:
    """Something of Rich's as lines."""
    options = console.options.update(width=cells, height=None)
    return [
        [(segment.text, str(segment.style) if segment.style else "") for segment in line if not segment.control]
        for line in console.render_lines(shown, options, pad=False)
    ]
