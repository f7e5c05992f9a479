"""Where log lines come from: what is asked of the engine's containers, or of anything else that writes logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from upready.logs.entry import Origin

Line = tuple[str, int, str]
"""(time as in `Entry.time`, stream as in `Entry.stream`, text without its line end)"""


class Source(Protocol):
    """Raw lines, a replica at a time. Merging, grouping, filtering and showing are the same for every source."""

    def origins(self) -> list[Origin]:
        """Every replica that has written something and can still be read, whether it runs or not.

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
        """What a replica has written so far, in the order written, some lines at a time.

        Args:
            origin: The replica.
            tail: Only so many of the last lines.
            since: Only lines from this moment on.
            until: Only lines up to this moment.
            whole: Leave out a line whose end has not come: `follow` will bring it.
        """

    def follow(self, origin: Origin, after: str | None) -> Iterator[Sequence[Line]]:
        """What a replica writes, as it is written, until it ends.

        Args:
            origin: The replica.
            after: Lines from before this time need not be given again; None gives everything.
        """

    def running(self, origin: Origin) -> bool | None:
        """Whether a replica may write something now; None when it is gone for good.

        Raises:
            OpsError: The source is gone.
        """

    def changes(self) -> Iterator[Origin]:
        """Each replica that runs now, then each that starts, again and again; never ends by itself.

        Raises:
            OpsError: The source is gone.
        """

    def check(self) -> None:
        """Make sure that the source is still there.

        Raises:
            OpsError: It is gone.
        """

    def close(self) -> None:
        """End whatever `follow` and `changes` still wait for."""
