"""What only a shell understands: `$(command)`, backticks, a `;` at the end. Compose takes it as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry, strip_comment

NAME = "shell-syntax"

# A command for the whole value, or for a piece of a path. `echo $(date)` is for a shell in the container to run.
_COMMAND = re.compile(r"[\w./:@~-]*(\$\(.+\)|`[^`]+`)[\w./:@~-]*", re.DOTALL)
_WINDOWS = re.compile(r"%[A-Za-z_]\w*%([\\/].*)?")
_ENDED = re.compile(r"[\w./:@-]+;|\"[^\"]*\";|'[^']*';")
_SIGN = re.compile(r"(=|>)\s+\S.*", re.DOTALL)


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that is written for a shell."""
    for entry in context.env.entries:
        if not entry.assigned or entry.quote == "'" or entry.torn:
            continue
        problem = _problem(context, entry)
        if problem is None:
            continue
        severity, what, why, fix = problem
        name = context.name(entry)
        yield Finding(
            severity="error" if severity == "error" else "warning",
            check=NAME,
            variable=name,
            line=entry.value_line,
            column=entry.value_column,
            message=f"{name or 'a line'} {what}",
            why=why,
            fix=fix.format(name=name or "NAME"),
        )


def _problem(context: Context, entry: Entry) -> tuple[str, str, str, str] | None:
    text = entry.parsed if entry.quote and entry.parsed is not None else strip_comment(entry.raw)
    if _COMMAND.fullmatch(text):
        # As a secret, everybody who has read the example knows it.
        secret = context.schema.sensitive(entry.key)
        return (
            "error" if secret else "warning",
            "has a command of a shell in it",
            "compose runs none: the text itself is the value" + (", and everybody can know it" if secret else ""),
            "run the command and set what it prints: invoke env.set {name}",
        )
    if _WINDOWS.fullmatch(text):
        what = "has a variable as Windows writes it"
        return (
            "warning",
            what,
            "compose takes the text as it is",
            "write ${{NAME}} for a variable: invoke env.set {name}",
        )
    if entry.quote:
        return None
    if _ENDED.fullmatch(text) and not context.schema.sensitive(entry.key, text):
        what = "has a `;` behind its value"
        return "warning", what, "compose takes it for a part of the value", "remove the `;`: invoke env.set {name}"
    sign = context.env.text[entry.start : entry.value_start].rstrip()[-1:]
    if sign in ("=", ":") and _SIGN.fullmatch(text) and text[0] in ("=" if sign == ":" else ">"):
        what = f"has `{sign}{text[0]}` for an equals sign"
        return "warning", what, f"compose takes the `{text[0]}` for a part of the value", "write {name}= instead"
    return None
