"""The checks of `.env`: one file each, a function `check` that looks at a `Context` and yields findings.

To add one: write `<name>.py` beside these, with a docstring that says what it catches and a function `check`; give it
its place in `ALL`; and put its table of cases into `tests/unit/dotenv/test_check_<name>.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from upready.dotenv.checks import (
    byte_order_mark,
    character,
    comment,
    database_url,
    debug,
    dollar,
    duplicate,
    empty,
    encoding,
    env_file,
    ignored,
    kind,
    line_end,
    missing,
    permissions,
    placeholder,
    port_conflict,
    profile,
    project_name,
    quote,
    reader,
    reused_secret,
    schema_notation,
    shell,
    shell_syntax,
    syntax,
    tracked,
    undeclared,
    unknown,
    unread,
    unused,
    url_password,
    weak_secret,
)
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

Check = Callable[[Context], Iterator[Finding]]

ALL: tuple[Check, ...] = (
    schema_notation.check,
    missing.check,
    empty.check,
    placeholder.check,
    kind.check,
    unknown.check,
    duplicate.check,
    syntax.check,
    quote.check,
    dollar.check,
    comment.check,
    character.check,
    shell_syntax.check,
    encoding.check,
    byte_order_mark.check,
    line_end.check,
    reader.check,
    shell.check,
    unread.check,
    undeclared.check,
    unused.check,
    weak_secret.check,
    reused_secret.check,
    url_password.check,
    database_url.check,
    debug.check,
    port_conflict.check,
    project_name.check,
    profile.check,
    env_file.check,
    permissions.check,
    tracked.check,
    ignored.check,
)
"""Every check, in no particular order: what they find is sorted by place."""


_COVERED = {
    # Two readers differ where a sign in the value is read in two ways, and that is said by itself.
    reader.NAME: frozenset({"comment", "dollar", "quote", "syntax", "shell-syntax", "character"}),
    # A value that stands for one that is to come is no weak, reused or ill-formed one.
    weak_secret.NAME: frozenset({"placeholder", "reused-secret", "character", "shell-syntax"}),
    reused_secret.NAME: frozenset({"placeholder"}),
    kind.NAME: frozenset({"placeholder", "comment", "character", "quote", "shell-syntax"}),
    url_password.NAME: frozenset({"placeholder", "character"}),
    database_url.NAME: frozenset({"placeholder", "url-password"}),
    empty.NAME: frozenset({"missing"}),
    placeholder.NAME: frozenset({"shell-syntax"}),
}
"""Checks, and those that tell the cause of what they would find: one variable has one finding of a cause."""

_OUTSIDE = frozenset({"encoding", "permissions", "tracked", "ignored", "unread", "env-file"})
"""Checks that look at the file, and at none of its lines."""


def run(context: Context) -> list[Finding]:
    """Everything that the checks find, by file (`.env` first), line and column, errors before warnings."""
    context = _without_torn_names(context)
    found = [finding for check in ALL for finding in check(context)]
    if context.env.is_utf16:
        # Nothing in it is what it seems; all that can be said of its lines is noise.
        found = [each for each in found if each.check in _OUTSIDE or each.file != ".env"]
    told: dict[str, set[str]] = {}
    for each in found:
        told.setdefault(each.variable, set()).add(each.check)
    kept = [each for each in found if not told[each.variable] & _COVERED.get(each.check, frozenset())]
    return sorted(
        kept, key=lambda each: (each.file != ".env", each.file, each.line, each.column, each.severity, each.check)
    )


def _without_torn_names(context: Context) -> Context:
    """The project without the variables that may be lines of a secret: no check is to name them."""

    def is_told(name: str) -> bool:
        entry = context.env.get(name)
        return not name or entry is None or bool(context.name(entry))

    return replace(context, values={name: value for name, value in context.values.items() if is_told(name)})
