"""The table of `invoke top`: a row a service, in as many columns as fit. A name is never broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from upready import report
from upready.operations.top.state import Row
from upready.readiness.health import Verdict
from upready.report import health as health_report
from upready.report.columns import GAP
from upready.report.top.bars import bars
from upready.report.top.lines import Line, Piece, cut, fit
from upready.support import units

BARS = 10
"""Characters of a history."""

ENDS = "url, or why not"
"""The heading of the last column."""

WHY, ADDRESS = 21, 32
"""Cells that the last column has at least: as many as `http://127.0.0.1:8000`; where there is room, of an address."""

_MEMORY_BARS = 7
"""When this column is left out."""

_ROOMY = 90
"""Cells from which on an address is shown whole rather than another column."""

_LIMIT_NEAR, _LIMIT_REACHED = 0.8, 0.95


@dataclass(frozen=True)
class Column:
    """A column with its cells.

    Attributes:
        name: Its heading.
        cells: A cell for each row.
        drop: The column with the highest number is left out first; one with 0 never.
        right: Whether the cells are aligned to the right.
        least: The cells that it takes at least, so that it does not jump as its values change.
    """

    name: str
    cells: Sequence[Piece]
    drop: int = 0
    right: bool = False
    least: int = 0

    @property
    def width(self) -> int:
        """The cells that it takes."""
        return max(self.least, len(self.name), *(cell_len(text) for text, _ in self.cells), 0)


def lines(
    rows: Sequence[Row], cells: int, *, selected: str = "", blocks: bool = True, every: Sequence[Row] = ()
) -> list[Line]:
    """A heading, and a line for each row.

    Args:
        rows: Those that are shown.
        cells: The width.
        selected: The name of the chosen one.
        blocks: Whether block characters may be used.
        every: All rows, so that the columns stay where they are when others are shown.
    """
    columns = _columns(rows, every or rows, blocks=blocks)
    last = _last(rows)
    least = max([WHY, *(min(ADDRESS, cell_len(each.url)) for each in every or rows)])
    while columns[-1].drop and _width(columns) + GAP + (least if cells >= _ROOMY else WHY) > cells:
        columns.remove(max(columns, key=lambda each: each.drop))
    left = cells - _width(columns) - GAP
    ends = left >= WHY
    made = [_line([(each.name, "bold") for each in columns], columns, (ENDS if ends else "", "bold"), cells)]
    for index, row in enumerate(rows):
        end = (cut(last[index][0], left), last[index][1]) if ends else ("", "")
        line = _line([each.cells[index] for each in columns], columns, end, cells)
        made.append([(text, f"{style} reverse".strip()) for text, style in line] if row.name == selected else line)
    return made


def word(row: Row) -> Piece:
    """Whether a row is ready, in one word."""
    style = "yellow" if row.health.degraded else health_report.STYLES[row.health.verdict]
    return health_report.word(row.health), style


def reason(row: Row) -> str:
    """Why a row is not ready, or what it says; a sentence that begins with its name."""
    told = health_report.problems([row.health]) or [f"{row.name} {row.health.reason}"]
    return clean("; ".join(told))


def clean(text: str) -> str:
    """A text of the stack on one line, without secrets and control characters."""
    return " ".join(report.clean(text).split())


def _columns(rows: Sequence[Row], every: Sequence[Row], *, blocks: bool) -> list[Column]:
    restarts = [each.health.container.restarts if each.health.container else 0 for each in rows]
    restarted = any(each.health.container and each.health.container.restarts for each in every)
    found = [
        Column("service", [(clean(each.name), "bold") for each in rows], least=_widest(every)),
        Column("ready", [word(each) for each in rows], least=8),
        # Where nothing was ever restarted, the column tells nothing.
        Column("restarts", _restarts(restarts), 1 if restarted else 9, right=True),
        Column("cpu", [_cpu(each) for each in rows], 3, right=True, least=7),
        Column("", [_cpu_bars(each, blocks=blocks) for each in rows], 6, least=BARS),
        Column("memory", [_memory(each) for each in rows], 2, right=True, least=14),
        Column("", [_memory_bars(each, blocks=blocks) for each in rows], _MEMORY_BARS, least=BARS),
        Column("release", [(clean(each.release), "") for each in rows], 8),
        Column("uptime", [(_uptime(each.uptime), "") for each in rows], 4, right=True, least=6),
    ]
    if not any(one.release for one in every):
        found = [each for each in found if each.name != "release"]
    # Without any limit there is nothing that memory could be measured against.
    limited = any(one.usage and one.usage.limit for one in every)
    return [each for each in found if limited or each.drop != _MEMORY_BARS]


def _widest(rows: Sequence[Row]) -> int:
    return max((cell_len(each.name) for each in rows), default=0)


def _restarts(counts: Sequence[int]) -> list[Piece]:
    return [(str(each), "yellow" if each else "dim") for each in counts]


def _width(columns: Sequence[Column]) -> int:
    return sum(each.width for each in columns) + GAP * (len(columns) - 1)


def _line(pieces: Sequence[Piece], columns: Sequence[Column], end: Piece, cells: int) -> Line:
    line: Line = []
    for column, (text, style) in zip(columns, pieces, strict=True):
        blank = " " * (column.width - cell_len(text))
        gap = " " * GAP if line else ""
        line.append((f"{gap}{blank}{text}" if column.right else f"{gap}{text}{blank}", style))
    return fit([*line, (f"{' ' * GAP}{end[0]}", end[1])] if end[0] else line, cells)


def _last(rows: Sequence[Row]) -> list[Piece]:
    """The last column: the URL of what is ready, else why it is not."""
    found = []
    for each in rows:
        if each.health.verdict is Verdict.READY and not each.health.degraded:
            found.append((clean(each.url), ""))
        else:
            told = reason(each).removeprefix(each.name).removeprefix(":").strip()
            found.append((told, word(each)[1]))
    return found


def _cpu(row: Row) -> Piece:
    return (f"{row.usage.cpu:.1f} %", "") if row.usage else ("-", "dim")


def _cpu_bars(row: Row, *, blocks: bool) -> Piece:
    return bars(row.cpu, max([10.0, *row.cpu]), BARS, blocks=blocks), "cyan"


def _memory(row: Row) -> Piece:
    if row.usage is None:
        return "-", "dim"
    used, limit = row.usage.memory, row.usage.limit
    if not limit:
        return units.size(used), ""
    share = used / limit
    style = "red" if share >= _LIMIT_REACHED else "yellow" if share >= _LIMIT_NEAR else ""
    return f"{units.size(used)} {share * 100:3.0f} %", style


def _memory_bars(row: Row, *, blocks: bool) -> Piece:
    limit = row.usage.limit if row.usage else None
    return (bars(row.memory, float(limit), BARS, blocks=blocks) if limit else ""), "cyan"


def _uptime(seconds: float | None) -> str:
    """The largest unit alone: `12 min`."""
    return " ".join(units.duration(seconds).split(" ")[:2])
