"""What became of the mutants of a module, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.mutants.table import Change, Entry

ENOUGH = 90
"""Per cent of a module's mutants that its tests must notice."""

HEAD = f"{'module':<24}{'mutants':>9}{'killed':>9}{'survived':>10}{'equivalent':>12}{'%':>8}"


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes:
        name: As mutmut calls it.
        killed: Whether a test failed because of the change, or ran without end.
        change: The lines that were changed, before and after; empty for one that was killed.
    """

    name: str
    killed: bool
    change: Change = ("", "")

    def text(self) -> str:
        """The change, for people."""
        was, becomes = self.change
        return f"    {self.name}\n      - {was}\n      + {becomes}"


@dataclass(frozen=True)
class Result:
    """What became of all mutants of a module."""

    entry: Entry
    mutants: Sequence[Mutant]

    @property
    def equivalent(self) -> list[Mutant]:
        """Those that no test can notice, as the table says."""
        return [each for each in self.mutants if not each.killed and each.change in self.entry.equivalent]

    @property
    def survivors(self) -> list[Mutant]:
        """Those that a test should have noticed."""
        return [each for each in self.mutants if not each.killed and each.change not in self.entry.equivalent]

    @property
    def killed(self) -> int:
        """How many were noticed."""
        return sum(each.killed for each in self.mutants)

    @property
    def percent(self) -> float:
        """How many of a hundred were noticed, of those that can be."""
        counted = self.killed + len(self.survivors)
        return 100 * self.killed / counted if counted else 0.0

    @property
    def enough(self) -> bool:
        """Whether the tests of the module are good enough."""
        return self.percent >= ENOUGH

    def row(self) -> str:
        """A row of the table, under `HEAD`."""
        numbers = f"{len(self.mutants):>9}{self.killed:>9}{len(self.survivors):>10}{len(self.equivalent):>12}"
        return f"{self.entry.name:<24}{numbers}{self.percent:>8.1f}"


def changed(diff: Iterable[str]) -> Change:
    """The lines that a unified diff takes away, and those that it puts there, without their indentation."""
    lines = [each for each in diff if not each.startswith(("---", "+++"))]
    was, becomes = (" ".join(each[1:].strip() for each in lines if each.startswith(sign)) for sign in "-+")
    return was, becomes
