"""`invoke top` without a live screen: one look where there is no terminal, or a line for each change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console

from upready import report
from upready.operations.top.gather import Gathering
from upready.operations.top.state import State
from upready.readiness.health import Report, Verdict
from upready.report import called_as
from upready.report import health as health_report
from upready.report.top import table
from upready.report.top.lines import Picture
from upready.support import streams, terminal
from upready.support.errors import InterruptError

PATIENCE = 5.0
"""Seconds that one look waits for the first figures of CPU and memory."""

_LOOK_EVERY = 0.5


def sentence(text: str) -> str:
    """A text of ours on one line, with its commands as they are typed here, and without secrets."""
    return table.clean(called_as.spoken(text))


def once(gathering: Gathering, console: Console) -> int:
    """Print one look. The exit code is always 0; that of `health` judges."""
    gathering.figures(PATIENCE)
    state = gathering.state()
    last(state, console, wide=True)
    if state.rows:
        report.hint("this is one look, as there is no terminal: invoke top --plain goes on, a line for each change")
    return 0


def last(state: State, console: Console, *, wide: bool = False) -> None:
    """Print a state, every row of it.

    Args:
        state: What is known.
        console: Where.
        wide: Whether every column is printed, though a line gets long.
    """
    status = state.status or "not looked at yet"
    if not state.rows:
        report.say(f"{state.project}: nothing runs")
        report.say_next(" ".join(["invoke", state.environment, *state.options]))
        return
    blocks = terminal.draws_blocks() and not console.legacy_windows
    cells = max(console.width, report.WIDE) if wide else console.width
    made = table.lines(state.rows, cells, blocks=blocks)
    console.print(Picture([_trimmed(line) for line in made], ended=True), soft_wrap=True, end="")
    for each in state.rows:
        if each.health.verdict is not Verdict.READY or each.health.degraded:
            report.say(table.reason(each))
    report.say(f"{state.project} is {status}: {state.ready} of {len(state.rows)} ready")
    if state.trouble:
        report.warn(state.trouble)
    if state.trouble and state.step:
        report.say_next(state.step)
    elif state.status == "unhealthy":
        report.say_next(" ".join(["invoke diagnose", *state.options]))


def _trimmed(line: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A line without blanks at its end."""
    made = list(line)
    while made and not made[-1][0].rstrip():
        made.pop()
    return [*made[:-1], (made[-1][0].rstrip(), made[-1][1])] if made else made


def follow(gathering: Gathering) -> int:
    """A line for each change, until Ctrl-C: exit code 130."""
    with contextlib.suppress(KeyboardInterrupt):
        health_report.follow_lines(_reports(gathering))
    return InterruptError.code


def _reports(gathering: Gathering) -> Iterator[Report]:
    """Each state as the report of a look; what prevents looks is told once."""
    trouble = ""
    while True:
        state = gathering.state()
        if gathering.bug is not None:
            raise gathering.bug
        if state.trouble != trouble:
            trouble = state.trouble
            report.warn(trouble or "it answers again")
        services = tuple(each.health for each in state.rows)
        yield Report(state.project, state.environment, services, state.runtime)
        while True:
            streams.check(look=True)  # also where something changes all the time
            if gathering.changed.wait(_LOOK_EVERY):
                break
        gathering.changed.clear()
