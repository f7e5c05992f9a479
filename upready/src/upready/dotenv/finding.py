"""One problem that a check found: where, what, why it matters, and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]

LINES = 3
"""Lines of warnings that other tasks (`dev`, `prod`) print. Nobody reads more of them."""

_LAST = ("unused", "undeclared", "ignored", "permissions", "tracked", "line-end", "byte-order-mark", "reader")
"""Checks whose warnings can wait, the least urgent first."""


@dataclass(frozen=True)
class Finding:
    """One problem. No field ever holds a value of `.env`.

    Attributes:
        check: Name of the check.
        message: What is wrong. One sentence, without a full stop.
        why: Why it matters.
        fix: How to fix it, as a command if there is one.
        severity: An error fails `env.check`; a warning fails it only with `--strict`.
        variable: Name of the variable; empty if the problem concerns the whole file.
        line: Counts from 1; 0 if there is no line, for example of a missing variable.
        column: Counts from 1; 0 if there is no column.
        file: Name of the file, relative to the project: `.env`, the schema, or a compose file.
    """

    check: str
    message: str
    why: str
    fix: str
    severity: Severity = "warning"
    variable: str = ""
    line: int = 0
    column: int = 0
    file: str = ".env"

    @property
    def place(self) -> str:
        """`file:line:column`, as editors and terminals understand it."""
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])

    def __str__(self) -> str:
        # A message about the whole `.env` names the file itself.
        place = f"{self.place}: " if self.line or self.file != ".env" else ""
        why = f": {self.why}" if self.why else ""
        best = self.fix.partition("\n")[0]  # the other ways are told where there is more than a line
        return f"{place}{self.message}{why}" + (f" ({best})" if best else "")

    def as_dict(self) -> dict[str, Any]:
        """The finding in a task's JSON document."""
        return asdict(self)


def brief(findings: Iterable[Finding], command: str) -> list[str]:
    """The most urgent warnings, in at most `LINES` lines; the last line may say how many more there are.

    Args:
        findings: All findings.
        command: The command that prints all of them.
    """
    found = [each for each in findings if each.severity == "warning"]
    found.sort(key=lambda each: -_LAST.index(each.check) if each.check in _LAST else -len(_LAST))
    shown = [str(each) for each in found[: LINES if len(found) <= LINES else LINES - 1]]
    left = len(found) - len(shown)
    return [*shown, f"and {left} more: {command}"] if left else shown
