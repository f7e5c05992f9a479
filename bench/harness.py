"""What every module of `bench/` is run by: its options, its table, its JSON, and runs in turn."""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figure import Figure
from upready.support import places

Options = argparse.Namespace
Measure = Callable[[Options], Iterable[Figure]]


class MissingError(Exception):
    """What a measurement needs is not on this machine."""


def run(doc: str | None, measure: Measure, more: Callable[[argparse.ArgumentParser], object] | None = None) -> int:
    """Read the options, measure, print the table, write the JSON.

    Returns 1 when a goal is missed, 4 when something that it needs is not here.

    Args:
        doc: The docstring of the module.
        measure: Yields the figures; gets the options, of which `quick` asks for few runs and small sizes.
        more: Adds options of its own.
    """
    parser = argparse.ArgumentParser(description=summary(doc))
    parser.add_argument("--quick", action="store_true", help="few runs and small sizes: shows that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    if more:
        more(parser)
    options = parser.parse_args()
    figures: list[Figure] = []
    _take_signals()
    _own_state()
    try:
        for each in measure(options):
            figures.append(each)
            print(told(each), file=sys.stderr, flush=True)
    except MissingError as missing:
        print(f"not measured: {missing}", file=sys.stderr)
        return 4
    finally:
        if options.json:
            options.json.write_text(json.dumps([each.document() for each in figures]) + "\n", encoding="utf-8")
    Console(width=140).print(table(figures))
    return int(any(each.met is False for each in figures))


def _take_signals() -> None:
    """Remove what was made here on SIGTERM too, and have the programs that we start end on SIGINT.

    What a shell starts in the background ignores SIGINT, and so do its children: `invoke logs --follow` would not end.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _own_state() -> None:
    """Keep what the tasks remember of the projects made here out of the user's own folder."""
    state = tempfile.mkdtemp()
    os.environ[places.VARIABLE] = state
    atexit.register(shutil.rmtree, state, ignore_errors=True)


def summary(doc: str | None) -> str:
    """The first sentence of a docstring, without the command behind it."""
    return (doc or "").partition("\n")[0].partition(": `")[0].rstrip(".")


def told(figure: Figure) -> str:
    """One figure in one line."""
    peers = "; ".join(f"{name} {number(figure.theirs(name))}" for name in figure.peers)
    return f"{what(figure)}: {number(figure.value)} {figure.unit}{f' ({peers})' if peers else ''}"


def table(figures: Iterable[Figure]) -> Table:
    """All of them, a line for each peer."""
    made = Table("what", "ours", "", "instead", "takes", "ratio", "goal", "")
    for each in figures:
        wrong = "missed" if each.met is False else ""
        first, *others = each.peers or [""]
        made.add_row(what(each), number(each.value), each.unit, *beside(each, first), goal(each), wrong)
        for name in others:
            made.add_row("", "", "", *beside(each, name), "", "")
    return made


def what(figure: Figure) -> str:
    """What it is of, and how much of that."""
    return f"{figure.what}, {number(figure.size)} {figure.sizes}" if figure.sizes else figure.what


def beside(figure: Figure, peer: str) -> tuple[str, str, str]:
    """A peer's name, its value, and the ratio."""
    if not peer:
        return "", "", ""
    ratio = figure.ratio(peer)
    return peer, number(figure.theirs(peer)), "-" if ratio is None else f"{ratio:.2f}"


def goal(figure: Figure) -> str:
    """What is promised, in words."""
    promised = []
    if figure.goal is not None:
        promised.append(f"{'≥' if figure.at_least else '≤'} {number(figure.goal)} {figure.unit}")
    if figure.ratio_goal is not None:
        promised.append(f"≤ {figure.ratio_goal:g} times")
    return ", ".join(promised)


def number(value: float) -> str:
    """A number with as many places as say something."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def in_turn(ways: Mapping[str, Callable[[], float]], rounds: int, *, first: bool = True) -> dict[str, list[float]]:
    """What each way takes, in turn, so that all of them meet the same machine.

    Args:
        ways: By its name, what measures one run.
        rounds: How many are counted.
        first: Whether there is one more before, which only fills caches.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-int(first), rounds):
        for name, way in ways.items():
            taken = way()
            if turn >= 0:
                found[name].append(taken)
    return found


def seconds(
    line: Sequence[str], folder: Path, env: Mapping[str, str] | None = None, *, codes: Sequence[int] = (0,)
) -> float:
    """The seconds that a command takes; the program ends when the command fails."""
    began = time.perf_counter()
    done = subprocess.run(
        line, cwd=folder, env=env, capture_output=True, stdin=subprocess.DEVNULL, encoding="utf-8", check=False
    )
    took = time.perf_counter() - began
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(line)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return took


def ours(what: str, unit: str, found: Mapping[str, Sequence[float]], **more: object) -> Figure:
    """The figure of `in_turn`'s runs: the first way is ours, the others are what a user would pick instead."""
    first, *others = found
    return Figure(what, unit, found[first], {name: found[name] for name in others}, **more)  # type: ignore[arg-type]


def cut(values: Sequence[float], percent: int) -> float:
    """The value that so many per cent do not exceed."""
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]
