"""A URL whose password is not URL-encoded: at a `@`, `/`, `?` or `#` in it the URL is cut elsewhere than meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "url-password"

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
# RFC 3986, `userinfo`: unreserved, sub-delims, `:` and percent-encoded bytes.
_ENCODED = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*")


def check(context: Context) -> Iterator[Finding]:
    """Yield each such URL."""
    for value in context.values.values():
        if value.given is None or not is_broken(value.text):
            continue
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="error",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} has a password that is not URL-encoded",
            why="what stands behind the character is taken for the host or the path",
            fix="encode it: @ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25",
        )


def is_broken(url: str) -> bool:
    """Whether a URL's user and password hold a character that must be encoded there."""
    match = _AUTHORITY.fullmatch(url.strip())
    if match is None:
        return False
    credentials, at, _ = match["authority"].rpartition("@")
    if at:
        return not _ENCODED.fullmatch(credentials)
    # `user:pa/ss@host`: the authority ended within the password, so what looks like a port is none.
    _, colon, port = match["authority"].rpartition(":")
    return bool(colon) and "@" in match["rest"] and not port.isdigit() and not port.endswith("]")
