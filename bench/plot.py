"""Pictures of figures, as SVG text: how many times as much as others we take, and how it grows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f } .dim { fill: #57606a; font-size: 12px }
.back { fill: #fff } .grid { stroke: #d0d7de } .one { stroke: #57606a; stroke-dasharray: 4 3 }
.s0 { stroke: #0969da; fill: #0969da } .s1 { stroke: #bc4c00; fill: #bc4c00 } .s2 { stroke: #1a7f37; fill: #1a7f37 }
.s3 { stroke: #8250df; fill: #8250df } .s4 { stroke: #57606a; fill: #57606a }
path { fill: none !important; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .dim { fill: #9198a1 } .back { fill: #0d1117 }
.grid { stroke: #30363d } .one { stroke: #9198a1 } .s0 { stroke: #58a6ff; fill: #58a6ff }
.s1 { stroke: #f0883e; fill: #f0883e } .s2 { stroke: #3fb950; fill: #3fb950 } .s3 { stroke: #bc8cff; fill: #bc8cff } }
"""
"""The colours, in light and in dark; each series has a shape of its own, too."""

WIDTH = 860
LETTER = 7.2
"""Pixels that a letter takes, about."""

Points = Sequence[tuple[float, float]]


def ratios(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """A line for each comparison, on a scale on which half and twice as much are equally far from the same.

    Args:
        title: What it is of.
        rows: What is compared with what, and how many times as much ours takes.
    """
    left = 20 + LETTER * max(len(label) for label, _ in rows)
    width = WIDTH + max(0, left - 420)
    widest = max(2.0, *(max(ratio, 1 / ratio) for _, ratio in rows if ratio > 0))
    span = (width - left - 70) / 2
    bottom = 66 + 24 * len(rows)

    def across(ratio: float) -> float:
        share = math.log(max(ratio, 1 / widest)) / math.log(widest)
        return left + span + span * share

    body = [
        _text(10, 22, title),
        _text(10, 42, "left of the line: ours takes less; right of it: the other is better", "dim"),
    ]
    for tick in _ticks(1 / widest, widest):
        kind = "one" if tick == 1 else "grid"
        body += [_line(across(tick), 54, across(tick), bottom - 8, kind)]
        body += [_text(across(tick), bottom + 10, f"{tick:g}", "dim", "middle")]
    for number, (label, ratio) in enumerate(rows):
        y = 70 + 24 * number
        series = 1 if ratio > 1 else 0
        body += [_text(left - 10, y + 4, label, "", "end"), _line(across(1), y, across(ratio), y, f"s{series}")]
        body += [_mark(series, across(ratio), y), _text(across(ratio) + (10 if ratio > 1 else -10), y + 4,
                 f"{ratio:.2f}", "dim", "start" if ratio > 1 else "end")]  # fmt: skip
    return _svg(width, bottom + 22, body)


def growth(title: str, across: str, unit: str, series: Mapping[str, Points]) -> str:
    """How something grows: both scales are logarithmic, so what grows in proportion is a straight slope of one.

    Args:
        title: What it is of.
        across: What is counted on the scale across.
        unit: Of the scale upwards.
        series: By the name of each way its points: how much there was, and what it took (above 0).
    """
    points = [point for each in series.values() for point in each]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = min(y for _, y in points) / 1.3, max(y for _, y in points) * 1.3
    left, top, right, bottom = 80.0, 50.0, WIDTH - 260.0, 340.0

    def place(x: float, y: float) -> tuple[float, float]:
        wide, high = math.log(high_x / low_x) or 1, math.log(high_y / low_y)
        return left + (right - left) * math.log(x / low_x) / wide, bottom - (bottom - top) * math.log(y / low_y) / high

    body = [_text(10, 22, title), _text(10, 40, unit, "dim")]
    for tick in _ticks(low_y, high_y):
        y = place(low_x, tick)[1]
        body += [_line(left, y, right, y, "grid"), _text(left - 8, y + 4, f"{tick:g}", "dim", "end")]
    for size in sorted({x for x, _ in points}):
        x = place(size, low_y)[0]
        body += [_line(x, top, x, bottom, "grid"), _text(x, bottom + 18, f"{size:,.0f}", "dim", "middle")]
    body.append(_text((left + right) / 2, bottom + 36, across, "dim", "middle"))
    ends = sorted(series, key=lambda name: -place(*series[name][-1])[1], reverse=True)
    for number, (name, each) in enumerate(series.items()):
        kind = number % 5
        placed = [place(*point) for point in each]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
        body.append(f'<path class="s{kind}" d="M{path}"/>')
        body += [_mark(kind, *point) for point in placed]
        y = top + 12 + 20 * ends.index(name)
        body += [_mark(kind, right + 24, y - 4), _text(right + 36, y, name)]
    return _svg(WIDTH, 390, body)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two others: 1, 2 and 5 of each ten, or the tens alone where those would be many."""
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(tens) <= 3 else (1,)
    return [tick for power in tens for step in steps if low <= (tick := step * 10.0**power) <= high]


def _svg(width: float, height: float, body: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">'
    back = '<rect class="back" width="100%" height="100%"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", back, *body, "</svg>", ""])


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x: float, y: float, to_x: float, to_y: float, kind: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="{kind}"/>'


def _mark(series: int, x: float, y: float) -> str:
    """A point, in the shape and colour of its series."""
    if series == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="s0"/>'
    if series == 1:
        return f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9" class="s1"/>'
    shape = {2: ((0, -6), (6, 5), (-6, 5)), 3: ((0, -6), (6, 0), (0, 6), (-6, 0)), 4: ((-6, -5), (6, -5), (0, 6))}
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in shape[series])
    return f'<polygon points="{corners}" class="s{series}"/>'
