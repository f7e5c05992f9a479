"""A line of a screen: pieces of text, each with a style; cut or filled to a width in cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions
from rich.segment import Segment

Piece = tuple[str, str]
"""A text without control characters, and a style of Rich."""

Line = list[Piece]


def width(line: Line) -> int:
    """The cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def plain(line: Line) -> str:
    """Its text."""
    return "".join(text for text, _ in line)


def cut(text: str, cells: int) -> str:
    """A text that takes so many cells at most; where something is left out, that shows."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1) + "…" if cells > 0 else ""


def fit(line: Line, cells: int) -> Line:
    """A line of exactly so many cells."""
    found: Line = []
    left = cells
    for text, style in line:
        if left <= 0:
            break
        piece = cut(text, left)
        found.append((piece, style))
        left -= cell_len(piece)
        if piece != text:
            break
    return [*found, (" " * left, "")] if left > 0 else found


def apart(left: Line, right: Line, cells: int) -> Line:
    """Two texts, at the left and the right end of a line; without room only the left one."""
    room = cells - width(left) - width(right)
    return [*left, (" " * room, ""), *right] if room >= 2 else left


def wrapped(text: str, cells: int, style: str = "") -> list[Line]:
    """A text in as many lines as it needs, broken between words where that can be."""
    found: list[Line] = []
    for paragraph in text.split("\n"):
        rest = paragraph
        while cell_len(rest) > cells > 0:
            head = set_cell_size(rest, cells).rstrip(" ") or rest[:1]
            if (at := head.rfind(" ")) > cells // 2 and not rest[len(head) : len(head) + 1].isspace():
                head = head[:at]
            found.append([(head, style)])
            rest = rest[len(head) :].lstrip(" ")
        found.append([(rest, style)])
    return found


@dataclass(frozen=True)
class Picture:
    """Lines as Rich draws them: cheaply, for they have been cut to their width already.

    Attributes:
        lines: The lines.
        ended: Whether the last one ends, too: not where it is the last one of a screen.
    """

    lines: Sequence[Line]
    ended: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """The lines, one below the other."""
        for index, line in enumerate(self.lines):
            if index:
                yield Segment.line()
            for text, style in line:
                yield Segment(text, console.get_style(style) if style else None)
        if self.ended:
            yield Segment.line()


def texts(lines: Iterable[Line]) -> list[str]:
    """The texts of lines, without blanks at their ends."""
    return [plain(line).rstrip() for line in lines]
