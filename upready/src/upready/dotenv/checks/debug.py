"""Debug mode in production: errors then show internals to every client."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.kinds import FALSE

NAME = "debug"

# Any other value switches debugging on: `*` and `app:*` in Node, the name of a level elsewhere.
_OFF = FALSE | {"", "none", "null"}


def check(context: Context) -> Iterator[Finding]:
    """Yield each debug variable that is on."""
    if not context.strict:
        return
    for value in context.values.values():
        if re.search(r"(^|_)DEBUG$", value.name, re.IGNORECASE) and value.text.strip().lower() not in _OFF:
            why = "errors show source code, settings and secrets to every client"
            fix = remedy.another(context, value.name, to="false")
            yield context.about_value(NAME, value.name, f"{value.name} is on", why, fix, "error")
