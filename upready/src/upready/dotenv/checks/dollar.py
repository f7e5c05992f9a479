"""A `$` that compose expands: in a password it eats what follows, `$$` becomes `$`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry

NAME = "dollar"

# compose-go, `template/template.go`; a `$` before anything else stays as it is.
_DOLLAR = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?P<operator>:?[-?+])?[^}]*\}|(?P<broken>\{))",
    re.ASCII,
)
_FIX = "put the value between single quotes if the $ belongs to it: invoke env.set {name} does"


def check(context: Context) -> Iterator[Finding]:
    """Yield the first `$` of each value that compose would not leave as it is, or would replace by nothing."""
    known = set(context.shell)
    every = known | set(context.env.keys())
    found = False
    for entry in context.env.entries:
        if entry.assigned and "$" in entry.raw and entry.quote != "'" and not context.is_raw(entry.key):
            # What a service gets by `env_file`, compose expands with all variables of the file.
            finding = _first(context, entry, every if context.readers(entry.key) else known)
            if finding is not None:
                found = found or finding.severity == "error"
                yield finding
        if entry.assigned:
            # Compose reads from the top: a variable further down is not set yet.
            known.add(entry.key)
    problem = context.unreadable
    if problem is not None and problem.reason in ("template", "required") and not found:
        yield Finding(
            severity="error",
            check=NAME,
            variable="",
            line=problem.line,
            column=1 if problem.line else 0,
            message=".env has a `$` that compose cannot expand",
            why="compose refuses the whole file",
            fix="put values with a $ between single quotes",
        )


def _first(context: Context, entry: Entry, known: set[str]) -> Finding | None:
    found: list[tuple[int, Finding]] = []
    for match in _DOLLAR.finditer(_read(entry)):
        verdict = _verdict(match, known)
        if verdict is None:
            continue
        severity, message, why = verdict
        place = (entry.value_line, entry.value_column + match.start())
        name = context.name(entry)
        fix = _FIX.format(name=name or "NAME")
        error = severity == "error"
        finding = Finding(
            "error" if error else "warning", NAME, name, *place, f"{name or 'a line'} {message}", why, fix
        )
        found.append((0 if error else 1, finding))
    # One finding a value, the worst: `pa$$w$rd` has one cause and one cure.
    return min(found, key=lambda each: each[0])[1] if found else None


def _read(entry: Entry) -> str:
    """The part of a value in which compose expands `$`, in place: same offsets as in the raw text."""
    if not entry.quote:
        return entry.raw.split(" #", 1)[0]
    close = re.match(r'"(?:\\.|[^"\\])*', entry.raw, re.DOTALL)
    # Between double quotes a backslash makes a dollar, a quote or a backslash plain.
    return re.sub(r"\\.", "  ", close[0] if close else entry.raw, flags=re.DOTALL)


def _verdict(match: re.Match[str], known: set[str]) -> tuple[str, str, str] | None:
    if match["escaped"]:
        return "warning", "has a `$$`", "compose makes one $ of it, and other readers of the file do not"
    if match["broken"]:
        return "error", "has a `${` that begins no valid ${NAME}", "compose refuses the whole file"
    name, operator = match["plain"] or match["braced"], match["operator"] or ""
    if name not in known and "-" not in operator and "+" not in operator:
        # The name is not repeated: it may be a part of a password.
        if "?" in operator:
            return "error", "needs another variable, which is not set", "compose refuses the whole file"
        return "error", "has a `$` before a name that is not set", "compose replaces it and the name by nothing"
    if match["plain"]:
        return (
            "warning",
            "has a bare `$`",
            "compose puts a variable's value there, and other readers of the file do not",
        )
    return None
