"""One thing that is wrong, or may bite: where, what, why, and how to put it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]

LINES = 3
"""Lines of warnings that a task prints which does something else: more of them nobody reads."""

_LAST = ("unused", "undeclared", "ignored", "permissions", "tracked", "line-end", "byte-order-mark", "reader")
"""Checks whose warnings bite nobody today; the later here, the sooner."""


@dataclass(frozen=True)
class Finding:
    """What one check has to say about one place. No field ever holds a value of `.env`.

    Attributes:
        severity: An error fails the check; a warning does so with `--strict` only.
        check: The check's name.
        variable: The variable it is about; empty for the file as a whole.
        line: From 1; 0 for no line, such as a variable that is missing.
        column: From 1; 0 for none.
        message: What is wrong. One sentence, without a full stop.
        why: Why it bites.
        fix: How to put it right, as a command where there is one.
        file: The file's name relative to the project: `.env`, the schema, or a compose file.
    """

    severity: Severity
    check: str
    variable: str
    line: int
    column: int
    message: str
    why: str
    fix: str
    file: str = ".env"

    @property
    def place(self) -> str:
        """`file:line:column`, as editors and terminals understand it."""
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])

    def __str__(self) -> str:
        # What is about `.env` as a whole says so itself.
        place = f"{self.place}: " if self.line or self.file != ".env" else ""
        why = f": {self.why}" if self.why else ""
        return f"{place}{self.message}{why}" + (f" ({self.fix})" if self.fix else "")

    def as_dict(self) -> dict[str, Any]:
        """The finding as it stands in a task's JSON document."""
        return asdict(self)


def brief(findings: Iterable[Finding], command: str) -> list[str]:
    """The warnings among findings in at most `LINES` lines, those that bite first; the last may tell how many are left.

    Args:
        findings: What was found.
        command: What tells them all.
    """
    found = [each for each in findings if each.severity == "warning"]
    found.sort(key=lambda each: -_LAST.index(each.check) if each.check in _LAST else -len(_LAST))
    told = [str(each) for each in found[: LINES if len(found) <= LINES else LINES - 1]]
    left = len(found) - len(told)
    return [*told, f"and {left} more: {command}"] if left else told
