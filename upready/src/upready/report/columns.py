"""Tables that fit the terminal: columns that do not fit are left out, and no name is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

GAP = 2
"""Blanks between two columns."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its heading.
        drop: The column with the highest number is left out first; one with 0 never.
        right: Whether its cells are aligned to the right.
    """

    name: str
    drop: int = 0
    right: bool = False


class FittingTable:
    """A table without borders, as wide as its cells. A terminal that is too narrow gets fewer columns."""

    def __init__(self, *columns: Column) -> None:
        self._columns = columns
        self._rows: list[list[Text]] = []

    def add_row(self, *cells: str | Text) -> None:
        """Add a row, with a cell for each column."""
        self._rows.append([cell if isinstance(cell, Text) else Text(cell) for cell in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """The table with the columns that fit, and a line that names the others."""
        widths = [
            max([len(column.name), *(cell_len(line) for row in self._rows for line in row[at].plain.split("\n"))])
            for at, column in enumerate(self._columns)
        ]
        shown = list(range(len(self._columns)))
        left_out: list[str] = []
        while sum(widths[at] for at in shown) + GAP * (len(shown) - 1) > options.max_width:
            last = max(shown, key=lambda at: self._columns[at].drop)
            if not self._columns[last].drop or not console.is_terminal:
                break
            shown.remove(last)
            left_out.append(self._columns[last].name)
        # A file gets every column; long cells are wrapped.
        table = Table(box=None, pad_edge=False, header_style="bold")
        for at in shown:
            column = self._columns[at]
            table.add_column(
                column.name,
                justify="right" if column.right else "left",
                no_wrap=at == shown[0],
                min_width=widths[at] if at == shown[0] else None,
                overflow="fold",
            )
        for row in self._rows:
            table.add_row(*(row[at] for at in shown))
        yield table
        if left_out:
            yield Text(f"not shown in {options.max_width} columns: {', '.join(left_out)}", style="dim")
