"""Find the entries in the text of a `.env` file, with their positions, quotes and comments.

python-dotenv decides what an entry is. Nearly all lines have no quotes; these are read here by its rules, five times as
fast, and in linear time, which its own expressions do not guarantee. Tests check that both agree.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from dotenv.parser import Binding, Reader, parse_binding

BOM = "\ufeff"

# A blank line, a comment, or `KEY=value` without quotes or with plain single ones. Every repetition is possessive:
# nothing here reads a character twice. (No group is possessive: Python 3.11.2, in Debian 12, loses its match.)
_LINE = re.compile(
    r"""
    [^\S\r\n]*+
    (?: \#[^\r\n]*+
      | (?P<export>export[^\S\r\n]++)? (?P<key>[^=:'"\#\s][^=:\#\s]*+) [^\S\r\n]*+ = (?P<space>[^\S\r\n]*+)
        (?: '(?P<single>[^'\\\r\n]*+)'[^\S\r\n]*+ (?:\#[^\r\n]*+)? | (?P<bare>[^\s'"][^\r\n]*+) )?
    )?
    (?: \r\n | \n | \r | \Z )
    """,
    re.VERBOSE,
)
_HEAD = re.compile(
    r"(?P<export>export[^\S\r\n]++)?(?P<key>'[^']++'[^\S\r\n]*+(?==)|[^=:\#\r\n][^=:\r\n]*+)?"
    r"(?P<sign>[=:])(?P<space>[^\S\r\n]*+)"
)
# A variable's name in one case, made of words. A Base64 key has both cases; a hash is one long word.
_PLAUSIBLE = re.compile(r"_*(?:[A-Z][A-Z0-9]{0,23}(?:_+[A-Z0-9]{1,24})*|[a-z][a-z0-9]{0,23}(?:_+[a-z0-9]{1,24})*)_*")
_PEM_END = re.compile(r"^[ \t]*+-----END[^\r\n]*+(?:\r\n|\n|\r|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One `KEY=value` of a file.

    Attributes:
        key: The variable's name.
        line: Of the key, from 1.
        column: Of the key, from 1.
        value_line: Of the value's first character.
        value_column: Of the value's first character.
        raw: Everything after `=` up to the end of the line (or of the closing quote's line), as written.
        quote: `'`, `"` or nothing.
        parsed: The value by python-dotenv, before it expands variables; None without `=`, or if it cannot read it.
        start: Offset in the text of the line's first character.
        end: Offset behind the entry's line end.
        value_start: Offset of `raw`.
        readable: Whether python-dotenv could make sense of it.
        torn: Whether it is a PEM key without quotes. `end` is then behind its last line. Its lines hold a secret: other
            readers take them for entries, but here they are none.
    """

    key: str
    line: int
    column: int
    value_line: int
    value_column: int
    raw: str = field(repr=False)
    quote: str
    parsed: str | None = field(repr=False)
    start: int
    end: int
    value_start: int
    readable: bool = True
    torn: bool = False

    @property
    def assigned(self) -> bool:
        """Whether there is a `=` at all."""
        return self.value_start > 0

    @property
    def is_plausible(self) -> bool:
        """Whether the key looks like a variable's name, and the line not like the end of a Base64 text."""
        return bool(_PLAUSIBLE.fullmatch(self.key)) and not self.is_padding

    @property
    def is_padding(self) -> bool:
        """Whether only `=` signs follow the first one, as at the end of a Base64 text."""
        value = self.raw.strip()
        return value != "" and not value.strip("=")

    def is_open(self, text: str) -> bool:
        """Whether the value begins with a quote that compose finds closed neither on its line nor where the entry ends.

        Args:
            text: The file's.
        """
        if not self.quote:
            return False
        end = closing(text, self.value_start, self.quote)
        return end is None or (not self.readable and "\n" in text[self.value_start : end])


def find(text: str) -> Iterator[Entry]:
    """Every entry of a text, in order. A comment is not an entry; a line that cannot be read is one."""
    offset = len(BOM) if text.startswith(BOM) else 0
    line, line_start = 1, 0
    reader: Reader | None = None
    while offset < len(text):
        simple = _LINE.match(text, offset)
        if simple is not None:
            start, end = offset, simple.end()
            if simple["key"] is None:
                line, line_start = _advance(text, start, end, line, line_start)
                offset = end
                continue
            entry: Entry | None = _simple(simple, line, line_start)
        else:
            # python-dotenv drops a byte order mark, and its offsets do not count it.
            shift = len(BOM) if text.startswith(BOM) else 0
            reader = reader or Reader(io.StringIO(text, newline=""))
            reader.position.chars = offset - shift
            binding = parse_binding(reader)
            string = binding.original.string
            start, end = offset + len(string) - len(string.lstrip()), offset + len(string)
            line, line_start = _advance(text, offset, start, line, line_start)
            entry = _complex(binding, text[start:end], start, end, line, line_start)
        if entry is not None and entry.raw.startswith("-----BEGIN") and (close := _PEM_END.search(text, end)):
            entry, end = replace(entry, end=close.end(), readable=False, torn=True), close.end()
        if entry is not None:
            yield entry
        line, line_start = _advance(text, start, end, line, line_start)
        offset = end


def closing(text: str, start: int, quote: str) -> int | None:
    """Offset of the quote that ends a value for compose; None when nothing does. `start` is the opening quote's."""
    index = start + 1
    while (end := text.find(quote, index)) >= 0:
        before = text[index:end]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return end
        index = end + 1
    return None


def plain(entry: Entry) -> str:
    """An entry's value as compose reads it, before it expands variables."""
    if entry.quote:
        end = closing(entry.raw, 0, entry.quote)
        if entry.parsed is not None or end is None:
            return entry.raw.strip() if entry.parsed is None else entry.parsed
        return entry.raw[1:end].replace(f"\\{entry.quote}", entry.quote)
    return entry.raw.partition(" #")[0].strip()


def strip_comment(bare: str) -> str:
    """An unquoted value without the comment behind it, by python-dotenv's rule: white space, then `#`."""
    comment = re.search(r"(?<=\s)\#", bare)
    return (bare[: comment.start()] if comment else bare).rstrip()


def _advance(text: str, start: int, end: int, line: int, line_start: int) -> tuple[int, int]:
    """The line number and the offset where that line starts, after a move from one offset to another."""
    breaks = text.count("\n", start, end)
    return (line + breaks, text.rfind("\n", start, end) + 1) if breaks else (line, line_start)


def _simple(match: re.Match[str], line: int, line_start: int) -> Entry:
    value_start = match.end("space")
    raw = match.string[value_start : match.end()].rstrip("\r\n")
    if match["single"] is not None:
        parsed = match["single"]
    elif match["space"] and raw.startswith("#"):
        parsed = ""
    else:
        parsed = strip_comment(raw)
    return Entry(
        key=match["key"],
        line=line,
        column=match.start("key") - line_start + 1,
        value_line=line,
        value_column=value_start - line_start + 1,
        raw=raw,
        quote="" if match["single"] is None else "'",
        parsed=parsed,
        start=match.start("key") if match["export"] is None else match.start("export"),
        end=match.end(),
        value_start=value_start,
    )


def _complex(binding: Binding, body: str, start: int, end: int, line: int, line_start: int) -> Entry | None:
    if not body or body.startswith("#"):
        return None
    column = start - line_start + 1
    head = _HEAD.match(body)
    if head is None:
        # No `=`: compose takes such a name from the shell, if it is set there.
        name = binding.key or re.split(r"[\r\n#]", body, maxsplit=1)[0].removeprefix("export ").strip()
        return Entry(name, line, column, line, 1, "", "", None, start, end, 0, readable=not binding.error)
    raw = body[head.end() :].rstrip("\r\n")
    # For compose a name ends at a colon, too; for python-dotenv the colon is a part of the name.
    colon = head["sign"] == ":" and (binding.key is None or ":" in binding.key)
    key = binding.key if binding.key is not None and not colon else (head["key"] or "").strip().strip("'")
    return Entry(
        key=key,
        line=line,
        column=column + (head.start("key") if head["key"] else 0),
        value_line=line,
        value_column=column + head.end(),
        raw=raw,
        quote=raw[0] if raw[:1] in ("'", '"') else "",
        parsed=None if colon else binding.value,
        start=start,
        end=end,
        value_start=start + head.end(),
        readable=not binding.error and not colon,
    )
