"""A `.env` file as text: its entries, and their places.

Compose says what the values are (`dotenv.compose_values`). Nothing here changes a byte of the text, so that it can be
edited and written back.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

from upready.envfile import entries
from upready.envfile.entries import Entry, strip_comment
from upready.support import files
from upready.support.errors import EnvFileError

BOM = entries.BOM

LARGEST = 1 << 19
"""Bytes of a `.env` file; a larger file is refused."""


@dataclass(frozen=True)
class Document:
    """A whole file, read once.

    Attributes:
        path: Where it was read from.
        text: Its text, with byte order mark and line ends as they are.
        entries: In order.
        exists: Whether the file exists.
        undecodable: Line and column of the first byte that is not UTF-8, if any.
        undecodable_value: The same for one that is not in a comment.
    """

    path: Path
    text: str = field(repr=False)
    entries: tuple[Entry, ...]
    exists: bool = True
    undecodable: tuple[int, int] | None = None
    undecodable_value: tuple[int, int] | None = None

    def get(self, key: str) -> Entry | None:
        """The entry that counts for a name: the last one."""
        return self._last.get(key)

    def is_plain(self, key: str) -> bool:
        """Whether a name's value is written without anything that compose would expand."""
        entry = self.get(key)
        return entry is not None and entry.readable and (entry.quote == "'" or "$" not in entry.raw)

    def may_show(self, entry: Entry) -> bool:
        """Whether an unknown key may be printed: it looks like a name, and no open quote stands above it.

        Otherwise it may be a line of a secret.
        """
        return entry.is_plausible and entry.start <= self.torn_from

    def keys(self) -> list[str]:
        """Every name that is assigned, once, in order."""
        return list(dict.fromkeys(entry.key for entry in self.entries if entry.assigned))

    @property
    def newline(self) -> str:
        """The line end that the file uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (from 1) of an offset in the text, lines counted as compose and editors do."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    @functools.cached_property
    def torn_from(self) -> int:
        """Offset of the first value whose quote is not closed: the text behind it may be part of it."""
        return next((each.start for each in self.entries if each.is_open(self.text)), len(self.text))

    @property
    def is_utf16(self) -> bool:
        """Whether the file is UTF-16: every other byte is a NUL, and no line can be read."""
        return self.text.count("\0") * 3 > len(self.text)

    @functools.cached_property
    def _last(self) -> dict[str, Entry]:
        return {entry.key: entry for entry in self.entries if entry.assigned}


def read(path: Path) -> Document:
    """Read a file; if it does not exist, the document is empty and `exists` is False.

    Raises:
        EnvFileError: It is not a file, cannot be read, or is too large.
    """
    data = files.read(path, EnvFileError, limit=LARGEST)
    return Document(path, "", (), exists=False) if data is None else parse(data, path)


def unread(path: Path) -> Document:
    """The document for a file that compose does not read: nothing is missing in it, and nothing is wrong."""
    return Document(path, "", ())


def parse(data: bytes, path: Path) -> Document:
    """Find the entries in a file's bytes; bytes that are not UTF-8 are replaced, and the place of the first is kept."""
    undecodable: tuple[int, int] | None = None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        undecodable = (before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        text = data.decode("utf-8", "replace")
    found = tuple(entries.find(text))
    where = _position(data, undecodable, text, found) if undecodable else None
    return Document(path, text, found, undecodable=undecodable, undecodable_value=where)


def _position(data: bytes, first: tuple[int, int], text: str, found: tuple[Entry, ...]) -> tuple[int, int] | None:
    """Line and column of the first byte that is not UTF-8 and not in a comment, which no reader takes for a value."""
    if b"\0" in data:
        return first
    for entry in found:
        end = entry.end
        if entry.quote:
            end = entries.closing(text, entry.value_start, entry.quote) or end
        elif entry.assigned:
            end = entry.value_start + len(strip_comment(entry.raw))
        at = text.find("\ufffd", entry.start, end)
        if at >= 0:
            before = text[:at]
            return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
    return None
