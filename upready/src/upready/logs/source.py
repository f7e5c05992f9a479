"""The source of log lines: the containers of an engine, or anything else that writes logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from upready.logs.entry import Origin

Line = tuple[str, int, str]
"""(time as in `Entry.time`, stream as in `Entry.stream`, text without its line end)"""


class Source(Protocol):
    """Raw lines of one replica at a time. They are merged, grouped and shown in the same way for every source."""

    def origins(self) -> list[Origin]:
        """Every replica with a log that can still be read, whether it runs or not.

        Raises:
            OpsError: The source is gone.
        """

    def read(
        self,
        origin: Origin,
        *,
        tail: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        whole: bool = False,
    ) -> Iterator[Sequence[Line]]:
        """The lines that a replica has written until now, in order, some at a time.

        Args:
            origin: The replica.
            tail: Only this many of the last lines; where several have the same time, all of them or none.
            since: Only lines from this time on.
            until: Only lines up to this time.
            whole: Leave out a line that is not complete yet: `follow` will bring it.
        """

    def follow(self, origin: Origin, after: str | None) -> Iterator[Sequence[Line]]:
        """The lines that a replica writes, as they come, until it ends.

        Args:
            origin: The replica.
            after: Lines from before this time may be left out; None for all lines.
        """

    def running(self, origin: Origin) -> bool | None:
        """Whether a replica may write now; None when it is removed, or can never be read.

        Raises:
            OpsError: The source is gone.
        """

    def changes(self) -> Iterator[Origin]:
        """Each replica that runs now, then each one that starts; it does not end by itself.

        Raises:
            OpsError: The source is gone.
        """

    def check(self) -> None:
        """Make sure that the source still answers.

        Raises:
            OpsError: It is gone.
        """

    def close(self) -> None:
        """End all calls of `follow` and `changes`."""
