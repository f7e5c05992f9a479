"""A `$` that compose expands: in a password it removes the characters behind it, and `$$` becomes `$`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import REFUSES, Context
from upready.dotenv.finding import Finding, Severity
from upready.envfile.entries import Entry

NAME = "dollar"

# As in compose-go, `template/template.go`. Before any other character a `$` stays as it is.
_DOLLAR = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?P<operator>:?[-?+])?[^}]*\}|(?P<broken>\{))",
    re.ASCII,
)
_FIX = "if the $ is part of the value, put the value between single quotes: invoke env.set {name}"


def check(context: Context) -> Iterator[Finding]:
    """Yield one finding for each value with a `$` that compose changes: the worst one."""
    known = set(context.shell)
    every = known | set(context.env.keys())
    has_error = False
    for entry in context.env.entries:
        if entry.assigned and "$" in entry.raw and entry.quote != "'" and not context.is_raw(entry.key):
            # For an `env_file`, compose expands with all variables of the file.
            set_here = every if context.readers(entry.key) else known
            found = list(_problems(context, entry, set_here))
            yield from sorted(found, key=lambda each: each.severity)[:1]
            has_error = has_error or any(each.severity == "error" for each in found)
        if entry.assigned:
            # Compose reads from top to bottom: a variable further down is not set yet.
            known.add(entry.key)
    if context.unreadable is not None and context.unreadable.reason in ("template", "required") and not has_error:
        fix = "put values with a $ between single quotes"
        yield context.about_unreadable(NAME, ".env has a `$` that compose cannot expand", fix)


def _problems(context: Context, entry: Entry, known: set[str]) -> Iterator[Finding]:
    for match in _DOLLAR.finditer(_expanded_part(entry)):
        problem = _problem(match, known)
        if problem is not None:
            severity, what, why = problem
            yield context.about_entry(NAME, entry, what, why, _FIX, severity, offset=match.start())


def _expanded_part(entry: Entry) -> str:
    """The part of a value in which compose expands `$`; offsets stay the same as in the raw text."""
    if not entry.quote:
        return entry.raw.split(" #", 1)[0]
    close = re.match(r'"(?:\\.|[^"\\])*', entry.raw, re.DOTALL)
    # Between double quotes a backslash escapes a dollar, a quote or a backslash.
    return re.sub(r"\\.", "  ", close[0] if close else entry.raw, flags=re.DOTALL)


def _problem(match: re.Match[str], known: set[str]) -> tuple[Severity, str, str] | None:
    """Severity, message and reason of one `$`; None if it does what its author expects."""
    if match["escaped"]:
        return "warning", "has a `$$`", "compose makes one $ of `$$`, and other readers of the file do not"
    if match["broken"]:
        return "error", "has a `${` that begins no valid ${NAME}", REFUSES
    name, operator = match["plain"] or match["braced"], match["operator"] or ""
    if name not in known and "-" not in operator and "+" not in operator:
        # The message does not contain the name behind the `$`: it may be part of a password.
        if "?" in operator:
            return "error", "needs another variable, which is not set", REFUSES
        return (
            "error",
            "has a `$` before a name that is not set",
            "compose replaces the $ and the name by an empty string",
        )
    if match["plain"]:
        why = "compose puts a variable's value there, and other readers of the file do not"
        return "warning", "has a bare `$`", why
    return None
