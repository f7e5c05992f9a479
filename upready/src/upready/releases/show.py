"""Who is told of what happens in a release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from upready.readiness.health import Health


class Show(Protocol):
    """Who is told of what happens."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def warn(self, text: str) -> None:
        """Something that does not stop the release."""

    def health(self, services: Sequence[Health]) -> None:
        """The state of new containers has changed."""
