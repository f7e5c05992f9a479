"""A terminal of the size that a test wants, as text: what a program at a pseudo-terminal has put on it.

It obeys the few sequences that Rich writes: both screens, the cursor's position and whether it is shown, erasing.
"""

from __future__ import annotations

import codecs
import re

_SEQUENCE = re.compile(
    r"\x1b\[(\??)([0-9;]*)([A-Za-z])|\x1b\].*?(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]", re.DOTALL
)
_BEGUN = re.compile(r"\x1b(?:\[[?0-9;]*|\][^\x07\x1b]*)?$")


class ScreenModel:
    """A terminal.

    Attributes:
        alternate: Whether the alternate screen is shown.
        cursor: Whether the cursor is shown.
        lines: What the shown screen holds, a text a line, without blanks at its end.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.alternate, self.cursor = False, True
        self._begin(columns, lines)

    def _begin(self, columns: int, lines: int) -> None:
        """Both screens, empty, of this size."""
        self.columns, self._height = columns, lines
        self._screens = {False: [[" "] * columns for _ in range(lines)], True: [[" "] * columns for _ in range(lines)]}
        self._places = {False: (0, 0), True: (0, 0)}
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._screens[self.alternate]]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def resize(self, columns: int, lines: int) -> None:
        """Another size; what was there is gone, as a program has to draw again."""
        self._begin(columns, lines)
        self.alternate, self.cursor = True, False

    def feed(self, data: bytes) -> None:
        """Take in what a program has written."""
        text = self._rest + self._decoder.decode(data)
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                if found is None:
                    if _BEGUN.match(text, at):
                        break
                    at += 1
                    continue
                self._obey(*found.groups())
                at = found.end()
            else:
                self._write(text[at])
                at += 1
        self._rest = text[at:]

    def _write(self, letter: str) -> None:
        row, column = self._places[self.alternate]
        if letter == "\n":
            row, column = self._below(row), 0
        elif letter == "\r":
            column = 0
        elif letter == "\b":
            column = max(0, column - 1)
        elif letter >= " ":
            if column >= self.columns:
                row, column = self._below(row), 0
            self._screens[self.alternate][row][column] = letter
            column += 1
        self._places[self.alternate] = row, column

    def _below(self, row: int) -> int:
        if row + 1 < self._height:
            return row + 1
        screen = self._screens[self.alternate]
        screen.pop(0)
        screen.append([" "] * self.columns)
        return row

    def _obey(self, private: str | None, numbers: str | None, letter: str | None) -> None:
        count = int((numbers or "").split(";")[0] or 0)
        row, column = self._places[self.alternate]
        if private and letter in "hl":
            if count == 1049:
                self.alternate = letter == "h"
                if self.alternate:
                    self._screens[True] = [[" "] * self.columns for _ in range(self._height)]
                    self._places[True] = (0, 0)
            elif count == 25:
                self.cursor = letter == "h"
        elif letter == "H":
            self._places[self.alternate] = (max(0, count - 1), 0)
        elif letter == "A":
            self._places[self.alternate] = (max(0, row - max(1, count)), column)
        elif letter == "K":
            self._screens[self.alternate][row] = [" "] * self.columns
        elif letter == "J":
            for each in range(row if count == 0 else 0, self._height):
                self._screens[self.alternate][each] = [" "] * self.columns
