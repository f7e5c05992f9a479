"""What `invoke bench` writes beside its JSON: a page with the tables, and the pictures."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from bench import plot
from bench.harness import number

HEAD = """\
# What it costs, beside what you would use instead

Written by `invoke bench`; `bench.json` has each single run. Ours and the others were run in turn, so that they met the
same machine: the ratio is ours divided by the other's (the median of the pairs), and below 1 ours takes less. A goal
that is missed and a case in which another is better say so.
"""


def make(document: dict[str, Any]) -> dict[str, str]:
    """Each file by its name: `README.md`, `ratios-….svg`, `growth-….svg`."""
    files: dict[str, str] = {}
    text = [HEAD, *_better(document)]
    for name, entry in document["benches"].items():
        pictures = dict(_pictures(name, entry))
        files |= pictures
        text += ["", f"## {name}", "", f"{_first_up(entry['about'])}.", "", *_state(entry), *_table(entry["figures"])]
        for file in pictures:
            text += ["", f"![{file.removesuffix('.svg')}]({file})"]
    text += ["", "## Machines and versions", "", *_machines(document)]
    files["README.md"] = "\n".join(text) + "\n"
    return files


def _better(document: dict[str, Any]) -> Iterator[str]:
    """Where another is better, first."""
    found = [
        f"- {name}, {_what(each)}: {_value(each['value'], each)}; {peer['name']}: {_value(peer['value'], each)}"
        for name, entry in document["benches"].items()
        for each in entry["figures"]
        for peer in each["peers"]
        if peer["better"]
    ]
    yield from ["## Where another is better", "", *(found or ["Nowhere in what was measured."])]


def _state(entry: dict[str, Any]) -> Iterator[str]:
    """What a reader must know before the table."""
    if entry["quick"]:
        yield "Measured with `--quick`: few runs and small sizes, which show that it works and not how fast it is.\n"
    if entry["code"] == 4:
        yield "Not measured: this machine lacks what it needs.\n"
    elif entry["code"] not in (0, 1):
        yield f"It ended with {entry['code']} before all was measured.\n"


def _table(figures: list[dict[str, Any]]) -> Iterator[str]:
    """The figures, a line for each of the others."""
    if not figures:
        return
    yield from ["| what | ours | instead | takes | ratio | goal | |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for each in figures:
        for place, peer in enumerate(each["peers"] or [None]):
            first = [_what(each), _value(each["value"], each)] if place == 0 else ["", ""]
            other = ["", "", ""]
            if peer:
                ratio = "-" if peer["ratio"] is None else f"{peer['ratio']:.2f}"
                other = [peer["name"], _value(peer["value"], each), ratio]
            wrong = ["missed"] if place == 0 and each["met"] is False else []
            wrong += ["the other is better"] if peer and peer["better"] else []
            cells = [*first, *other, _goal(each) if place == 0 else "", ", ".join(wrong)]
            yield f"| {' | '.join(cells)} |"


def _pictures(name: str, entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A picture of the ratios, and one for each thing that grows."""
    rows = [
        (f"{_what(each)} ÷ {peer['name']}", 1 / peer["ratio"] if each["at_least"] else peer["ratio"])
        for each in entry["figures"]
        for peer in each["peers"]
        if peer["ratio"]
    ]
    if rows:
        yield f"ratios-{name}.svg", plot.ratios(f"{name}: ours beside the others", rows)
    grown = [each for each in entry["figures"] if each["sizes"]]
    for what, some in itertools.groupby(sorted(grown, key=lambda each: str(each["what"])), lambda each: each["what"]):
        sizes = sorted(some, key=lambda each: float(each["size"]))
        series = {"ours": [(each["size"], each["value"]) for each in sizes]}
        for each in sizes:
            for peer in each["peers"]:
                series.setdefault(peer["name"], []).append((each["size"], peer["value"]))
        drawn = {who: [point for point in points if min(point) > 0] for who, points in series.items()}
        drawn = {who: points for who, points in drawn.items() if points}
        if len(sizes) > 1 and drawn:
            slug = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")
            yield f"growth-{name}-{slug}.svg", plot.growth(what, sizes[0]["sizes"], sizes[0]["unit"], drawn)


def _machines(document: dict[str, Any]) -> Iterator[str]:
    yield from [
        "| measured | when | cores | memory | load before | processor, system | versions |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, entry in document["benches"].items():
        machine = entry["machine"]
        versions = ", ".join(f"{what} {which}" for what, which in machine["versions"].items() if which)
        cells = [name, entry["measured"], machine["cores"], f"{machine['memory_gb']} GB", machine["load"]]
        yield f"| {' | '.join(map(str, cells))} | {machine['processor']}, {machine['system']} | {versions} |"


def _what(figure: dict[str, Any]) -> str:
    return f"{figure['what']}, {number(figure['size'])} {figure['sizes']}" if figure["sizes"] else str(figure["what"])


def _value(value: float, figure: dict[str, Any]) -> str:
    told = f"{number(value)} {figure['unit']}".strip()
    return f"{told} (too early)" if value < 0 else told


def _goal(figure: dict[str, Any]) -> str:
    found = []
    if figure["goal"] is not None:
        found.append(f"{'≥' if figure['at_least'] else '≤'} {_value(figure['goal'], figure)}")
    if figure["ratio_goal"] is not None:
        found.append(f"≤ {figure['ratio_goal']:g} times")
    return ", ".join(found)


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
