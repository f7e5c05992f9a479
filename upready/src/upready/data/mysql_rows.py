"""How many rows of each table a dump of `mysqldump` holds: counted in its text, which is exactly what comes back."""

from __future__ import annotations

import re

_NAME = rb"`(?:[^`]|``)*+`"
_LITERALS = re.compile(
    rb"(" + _NAME + rb")"  # stays
    rb"|'[^'\\]*+(?:\\.[^'\\]*+)*+'"  # a text
    rb"|[0-9A-Fa-f]{32,}+",  # bytes
    re.DOTALL,
)
_OPENED = re.compile(_NAME + rb"|(?P<open>['`].*)\Z", re.DOTALL)
"""A name; or a text or a name that does not end in this piece."""

_CLOSE = re.compile(rb"[^'\\]*+(?:\\.[^'\\]*+)*+'", re.DOTALL)
_INSERT = re.compile(rb"INSERT INTO (" + _NAME + rb") (?:\((?:(?:" + _NAME + rb"|\w++)(?:, ?)?)*+\) )?VALUES\s")
_LONGEST = 1 << 16
"""Bytes of a line that are looked at again with the next piece: more than the head of a statement has."""


class Counter:
    """Counts rows while the pieces of a dump pass.

    Attributes:
        rows: The rows of each table that has any.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._table = ""
        self._in_text = False
        self._left = b""  # what goes on in the next piece: a name, or half of an escape
        self._line = b""  # a line without its texts

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        data = self._left + piece
        self._left = b""
        if self._in_text:
            end = _CLOSE.match(data)
            if end is None:
                self._left = _half_escape(data)
                return
            data, self._in_text = data[end.end() :], False
        plain = _LITERALS.sub(rb"\1", data)
        for found in _OPENED.finditer(plain):
            if opened := found["open"]:
                plain = plain[: found.start()]
                self._in_text = opened.startswith(b"'")
                self._left = _half_escape(opened) if self._in_text else opened
        self._count(plain)

    def _count(self, plain: bytes) -> None:
        """Count in a text without literals."""
        *whole, last = (self._line + plain).split(b"\n")
        for line in whole:
            self._take(line)
            if line.endswith(b";"):
                self._table = ""
        self._line = last
        if self._table or len(last) > _LONGEST or _INSERT.match(last):
            # A statement may be one line of any length: what is counted is not kept.
            self._take(last)
            self._line = b";" if last.endswith(b";") else b""

    def _take(self, line: bytes) -> None:
        if head := _INSERT.match(line + b"\n"):
            self._table = head[1][1:-1].replace(b"``", b"`").decode()
            line = line[head.end() :]
        if self._table and (rows := line.count(b"(")):
            self.rows[self._table] = self.rows.get(self._table, 0) + rows


def _half_escape(text: bytes) -> bytes:
    """The backslash at the end of a text that belongs to what comes."""
    return b"\\" * ((len(text) - len(text.rstrip(b"\\"))) % 2)
