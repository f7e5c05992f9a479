"""Make text of other programs safe for a terminal: it must not move the cursor, hide lines or change the title."""

from __future__ import annotations

import re

RESET = "\x1b[0m"

_COLOUR = re.compile(r"\x1b\[([0-9;:]*)m")
_ONE = r"(?:0?[0-4]|7|9|2[1-79]|[34][0-79]|9[0-7]|10[0-7]|[34]8[;:]5[;:]\d+|[34]8[;:]2(?:[;:]\d*){3,4})?"
_HARMLESS = re.compile(rf"{_ONE}(?:;{_ONE})*")
"""Parameters of colour sequences that hide nothing: colours, bold, faint, italic, underlined, and their ends."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""All but tab and line feed: C0, DEL, C1, line separators, changes of direction (CVE-2021-42574), half characters."""


def neutralise(text: str, *, colour: bool) -> str:
    """A text in which control characters are shown, not obeyed.

    Args:
        text: What a program wrote.
        colour: Whether colours are kept, and ended at the end of each line, or removed.
    """
    if text.isprintable():
        return text
    return "\n".join(_line(line.rstrip("\r"), colour=colour) for line in text.split("\n"))


def escape(document: str) -> str:
    """A JSON document in which every control character is escaped, also those that JSON allows unescaped."""
    return document if document.isprintable() else _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", document)


def _line(line: str, *, colour: bool) -> str:
    if "\x1b" not in line:
        return _CONTROL.sub(_picture, line)
    parts, start, coloured = [], 0, False
    for found in _COLOUR.finditer(line):
        parts.append(_CONTROL.sub(_picture, line[start : found.start()]))
        if colour and _HARMLESS.fullmatch(found.group(1)):
            parts.append(found.group())
            coloured = True
        start = found.end()
    parts.append(_CONTROL.sub(_picture, line[start:]))
    return "".join(parts) + (RESET if coloured else "")


def _picture(found: re.Match[str]) -> str:
    """The character with which Unicode shows a control character; the replacement character if there is none."""
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"
