"""A URL whose password is not URL-encoded: a `@`, `/`, `?` or `#` in the password ends it too early."""

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
        if value.given is not None and is_broken(value.text):
            yield context.about_value(
                NAME,
                value.name,
                f"{value.name} has a password that is not URL-encoded",
                "programs take the text behind the special character for the host or the path",
                "encode it: @ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25",
                "error",
            )


def is_broken(url: str) -> bool:
    """Whether a URL's user and password contain a character that must be encoded there."""
    match = _AUTHORITY.fullmatch(url.strip())
    if match is None:
        return False
    credentials, at, _ = match["authority"].rpartition("@")
    if at:
        return not _ENCODED.fullmatch(credentials)
    # `user:pa/ss@host`: the authority ends within the password, so the text that looks like a port is none.
    _, colon, port = match["authority"].rpartition(":")
    return bool(colon) and "@" in match["rest"] and not port.isdigit() and not port.endswith("]")
