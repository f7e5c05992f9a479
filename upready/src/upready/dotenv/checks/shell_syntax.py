"""Notation that only a shell understands: `$(command)`, backticks, a `;` at the end. Compose takes it literally."""

from __future__ import annotations

import re
from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.entries import Entry, strip_comment

NAME = "shell-syntax"

# A command as the whole value, or as part of a path. `echo $(date)` is meant for a shell in the container.
_COMMAND = re.compile(r"[\w./:@~-]*(\$\(.+\)|`[^`]+`)[\w./:@~-]*", re.DOTALL)
_WINDOWS = re.compile(r"%[A-Za-z_]\w*%([\\/].*)?")
_ENDED = re.compile(r"[\w./:@-]+;|\"[^\"]*\";|'[^']*';")
_SIGN = re.compile(r"(=|>)\s+\S.*", re.DOTALL)


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that is written for a shell."""
    for entry in context.env.entries:
        if entry.assigned and entry.quote != "'" and not entry.torn:
            finding = _finding(context, entry)
            if finding is not None:
                yield finding


def _finding(context: Context, entry: Entry) -> Finding | None:
    text = entry.parsed if entry.quote and entry.parsed is not None else strip_comment(entry.raw)
    if _COMMAND.fullmatch(text):
        secret = context.schema.sensitive(entry.key)
        return context.about_entry(
            NAME,
            entry,
            "contains a shell command",
            "compose runs no command: the text itself is the value" + (", and anybody can guess it" if secret else ""),
            "run the command and set its output: invoke env.set {name}",
            "error" if secret else "warning",
        )
    if _WINDOWS.fullmatch(text):
        what, why = "contains a variable in Windows notation", "compose does not replace it"
        return context.about_entry(NAME, entry, what, why, "write ${NAME} for a variable: invoke env.set {name}")
    if entry.quote:
        return None
    if _ENDED.fullmatch(text) and not context.schema.sensitive(entry.key, text):
        what, why = "has a `;` behind its value", "compose takes it for part of the value"
        return context.about_entry(NAME, entry, what, why, "remove the `;`: invoke env.set {name}")
    sign = context.env.text[entry.start : entry.value_start].rstrip()[-1:]
    if sign in ("=", ":") and _SIGN.fullmatch(text) and text[0] in ("=" if sign == ":" else ">"):
        what, why = f"has `{sign}{text[0]}` in the place of `=`", f"compose takes the `{text[0]}` for part of the value"
        return context.about_entry(NAME, entry, what, why, "write {name}= instead")
    return None
