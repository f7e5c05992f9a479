"""What a restore would replace, and the steps that replacing it takes: the same for every kind of data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from upready.data.archive import Reader
from upready.data.manifest import Part


@dataclass(frozen=True)
class Loss:
    """What a restore would replace: a database or a volume, how much it holds, and how much the backup has instead.

    Attributes:
        service: Its service.
        name: The database or the volume.
        size: Bytes of it.
        newest: The latest time at which a row was made or changed, where columns tell that.
        rows: The rows of each table now.
        instead: The rows of each table in the backup.
        files: The files of a volume now, and in the backup; None for a database.
        unit: What `rows` counts.
    """

    service: str
    name: str
    size: int
    newest: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    instead: Mapping[str, int] = field(default_factory=dict)
    files: tuple[int, int] | None = None
    unit: str = "row"


class Change(Protocol):
    """Data of one service that is about to be replaced by what a backup holds.

    Attributes:
        taken_back: What served and was swapped back, and where each is since: somebody may have written to it.
    """

    taken_back: dict[str, str]

    @property
    def part(self) -> Part:
        """What the backup holds of it."""

    @property
    def reader(self) -> Reader:
        """The backup."""

    def check(self) -> None:
        """Make sure that it fits; raises `DataError` or `ProgramError`."""

    def losses(self) -> Iterator[Loss]:
        """What would be lost."""

    def beside(self, name: str, tell: Callable[[int], None]) -> list[str]:
        """Restore under another name, and leave the rest alone; returns the names that were made."""

    def stage(self, tell: Callable[[int], None]) -> None:
        """Restore beside what serves, and hold it against the backup."""

    def swap(self) -> None:
        """Let that take the place of what serves."""

    def undo(self) -> None:
        """Let what was replaced serve again."""

    def discard(self) -> None:
        """Remove what was restored and does not serve."""

    def replaced(self) -> dict[str, str]:
        """What was replaced, and where each is since."""

    def written_since(self, before: Part) -> bool:
        """Whether what was replaced is not as in its backup any more."""

    def finish(self) -> None:
        """Remove what was replaced."""
