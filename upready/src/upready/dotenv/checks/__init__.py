"""The checks of `.env`: one file each, with a function `check` that takes a `Context` and yields findings.

To add a check: write `<name>.py` in this folder, with a docstring that says what it catches, a `NAME` and a function
`check`; add it to `ALL`; and write its table of cases in `tests/unit/dotenv/test_check_<name>.py`.
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
"""Every check. The order does not matter: findings are sorted by place."""

_COVERED = {
    # These checks name the sign in the value that two readers read differently.
    reader.NAME: frozenset({"comment", "dollar", "quote", "syntax", "shell-syntax", "character"}),
    # A placeholder will be replaced: it is not also reported as weak, reused or of the wrong type.
    weak_secret.NAME: frozenset({"placeholder", "reused-secret", "character", "shell-syntax"}),
    reused_secret.NAME: frozenset({"placeholder"}),
    kind.NAME: frozenset({"placeholder", "comment", "character", "quote", "shell-syntax"}),
    url_password.NAME: frozenset({"placeholder", "character"}),
    database_url.NAME: frozenset({"placeholder", "url-password"}),
    empty.NAME: frozenset({"missing"}),
    placeholder.NAME: frozenset({"shell-syntax"}),
}
"""For a check, the checks whose finding is the cause: if one of them reports a variable, this check does not."""

_ABOUT_THE_FILE = frozenset({"encoding", "permissions", "tracked", "ignored", "unread", "env-file"})
"""Checks that concern the file as a whole, not its lines."""


def run(context: Context) -> list[Finding]:
    """All findings, sorted by file (`.env` first), line and column; errors before warnings."""
    context = _without_torn_names(context)
    found = [finding for check in ALL for finding in check(context)]
    if context.env.is_utf16:
        # Read as UTF-8, no line of a UTF-16 file makes sense.
        found = [each for each in found if each.check in _ABOUT_THE_FILE or each.file != ".env"]
    reported: dict[str, set[str]] = {}
    for each in found:
        reported.setdefault(each.variable, set()).add(each.check)
    kept = [each for each in found if not reported[each.variable] & _COVERED.get(each.check, frozenset())]
    return sorted(
        kept, key=lambda each: (each.file != ".env", each.file, each.line, each.column, each.severity, each.check)
    )


def _without_torn_names(context: Context) -> Context:
    """The context without variables that may be lines of a secret: no check may name them."""

    def may_show(name: str) -> bool:
        entry = context.env.get(name)
        return not name or entry is None or bool(context.name(entry))

    return replace(context, values={name: value for name, value in context.values.items() if may_show(name)})
