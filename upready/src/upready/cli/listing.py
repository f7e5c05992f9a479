"""`invoke --list`, and `invoke` alone: every task on one line, the ones that are needed most first."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import Any

GROUPS = {
    "main": ("dev", "stop", "health", "logs"),
    "run": ("prod", "rollback", "restart", "exec"),
    "data": ("backup", "restore"),
    "look": ("top", "status", "diagnose", "releases"),
    ".env": ("env.check", "env.init", "env.set"),
    "other": ("doctor",),
}
"""The tasks by what they are for, in the order in which they are listed. Those that nobody names here come last."""

SELDOM = (
    "watch",
    "shell",
    "psql",
    "open",
    "build",
    "images",
    "config",
    "export",
    "env.show",
    "env.diff",
    "audit",
    "unlock",
    "nodes",
    "upgrade",
    "init",
    "completion",
    "schema",
    "annotate",
    "mcp",
)
"""Tasks that are needed once or never: named in the last line, so that the list fits a terminal of 24 lines."""

_LAST = "other"
_WIDEST = 100
"""Columns beyond which a line is no longer easy to read."""

_NARROWEST = 19
"""Columns that a line always gets: in a terminal that has fewer, no text can be broken at its words."""


def width() -> int:
    """The columns that a line may have: those of the terminal, or 80 where there is none."""
    return max(_NARROWEST, min(shutil.get_terminal_size((80, 24)).columns - 1, _WIDEST))


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of tasks by their group, each group in its order; groups without a task are left out."""
    there = set(names)
    found = {group: [name for name in members if name in there] for group, members in GROUPS.items()}
    found[_LAST] += sorted(there.difference(SELDOM, *GROUPS.values()))
    return {group: members for group, members in found.items() if members}


def lines(collection: Any, columns: int) -> list[str]:
    """One line a task: its group where that begins, its name, its first sentence."""
    names = collection.task_names
    groups = grouped(names)
    first = max(map(len, groups), default=0) + 2
    second = max(map(len, names), default=0) + 2
    told = []
    for group, members in groups.items():
        for index, name in enumerate(members):
            heading = group if index == 0 else ""
            text = textwrap.shorten(sentence(collection[name]), max(20, columns - first - second), placeholder=" ...")
            told.append(f"{heading:<{first}}{name:<{second}}{text}".rstrip())
    return told


def sentence(task: Any) -> str:
    """The first sentence of what a task says of itself, without its full stop."""
    line = ((task.__doc__ or "").strip().splitlines() or [""])[0].strip()
    return line.split(". ")[0].rstrip(".")


def show(collection: Any, program: str) -> None:
    """Print the tasks, and how to get the help of one."""
    columns = width()
    told = [*lines(collection, columns), *_last(collection.task_names, program, columns)]
    sys.stdout.write("\n".join(told) + "\n")


def _last(names: Iterable[str], program: str, columns: int) -> list[str]:
    """How to get help, and the tasks that have no line of their own; on as few lines as are wide enough."""
    example = next(iter(grouped(names).values()))[0]
    seldom = [name for name in SELDOM if name in names]
    also = textwrap.wrap(f"Also: {' '.join(seldom)}", columns, break_on_hyphens=False) if seldom else []
    help_ = f"Help: {program} --help {example}   {program} --help"
    joined = "   ".join([*also[-1:], help_])
    return [*also[:-1], joined] if len(joined) <= columns else [*also, help_]
