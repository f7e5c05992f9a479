"""A byte order mark: compose skips it, other readers take it for part of the first variable's name."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.document import BOM

NAME = "byte-order-mark"


def check(context: Context) -> Iterator[Finding]:
    """Yield the mark, if the file begins with one."""
    if context.env.text.startswith(BOM):
        why = "a shell and other readers take it for part of the first name, and that variable is then not set"
        fix = "save it as UTF-8 without a byte order mark"
        yield Finding(NAME, ".env begins with a byte order mark", why, fix, line=1, column=1)
