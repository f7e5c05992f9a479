"""The JSON Schemas of the documents."""

from __future__ import annotations

import sys

from upready.schemas import tasks as schemas
from upready.support import spelling
from upready.support.errors import UsageError
from upready.support.json_notation import encode


def show(name: str) -> int:
    """Print the schema of that name; without one, the names. Returns 0.

    Raises:
        UsageError: There is none of that name.
    """
    names = [*sorted(schemas.DOCUMENTS), schemas.ERROR]
    if not name:
        sys.stdout.write("".join(f"{each}\n" for each in names))
        return 0
    if name not in names:
        near = spelling.closest(name, names)
        raise UsageError(
            f"there is no schema {name!r}{spelling.meant(name, names)}",
            details=["a task has one if it takes --json"],
            next=f"invoke schema {near}" if near else "invoke schema",
        )
    sys.stdout.write(encode(schemas.of(name), indent=2) + "\n")
    return 0
