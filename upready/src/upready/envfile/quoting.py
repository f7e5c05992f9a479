r"""Write a value so that compose reads back exactly this value, and python-dotenv too if it can.

Compose (compose-go, `dotenv/parser.go`) reads: bare text up to ` #` or the line's end, trimmed, with `$` expanded;
between single quotes everything as it is, but for `\'`; between double quotes escapes, then `$` expanded, where `\$` is
a dollar. python-dotenv differs in two ways that matter: between single quotes it halves `\\`, and it has no way at all
to write `${`.
"""

from __future__ import annotations

import re

_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]*", re.ASCII)
# Between single quotes these are read differently, or (a carriage return) an editor may change them.
_NOT_IN_SINGLE_QUOTES = re.compile(r"\r|\\'|\\\\|\\\Z")


class UnwritableError(ValueError):
    """No `.env` file can hold this value: it has a NUL, or is not Unicode text."""


def encode(value: str) -> str:
    """The text behind `KEY=` for a value: without quotes where that is safe, else quoted.

    Raises:
        UnwritableError: The value cannot be written at all.
    """
    if "\0" in value:
        raise UnwritableError("an environment variable cannot contain a NUL character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise UnwritableError("the value is not Unicode text") from None
    # `A==` would look like the last line of a text in Base64, which lost its quotes.
    if _BARE.fullmatch(value) and (not value or value.strip("=")):
        return value
    if not _NOT_IN_SINGLE_QUOTES.search(value):
        return "'" + value.replace("'", "\\'") + "'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\r", "\\r")
    return f'"{escaped}"'
