"""What a user asks of `invoke dev` and `invoke prod`, and who is told of what happens then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from upready.readiness.health import Health
from upready.runtime.docker.build import Progress, Step

KEEP = 5
"""So many releases that have served are kept by default."""


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke dev` or `invoke prod`.

    Attributes:
        profiles: Instead of the environment's own.
        build: Whether images are built first.
        no_cache: Build every step again.
        pull: Ask the registry for newer images.
        timeout: Seconds until every service must be ready, instead of the environment's.
        adopt: Whether containers of another folder that may be this one count as this one's.
        lock_wait: Seconds to wait for another task that is at work on the project.
        yes: Whether nobody is asked: the answer is yes.
        keep: How many releases that have served are kept.
        build_here: Whether this machine's engine builds, and sends the images over.
        edge: Whether only the edge is brought to its new version.
        backup: Whether a backup is made before a release that runs migrations.
        accept: The keys whose loss in Swarm is accepted.
    """

    profiles: tuple[str, ...] = ()
    build: bool = True
    no_cache: bool = False
    pull: bool = False
    timeout: float | None = None
    adopt: bool = False
    lock_wait: float = 0.0
    yes: bool = False
    keep: int = KEEP
    build_here: bool = False
    edge: bool = False
    backup: bool = True
    accept: tuple[str, ...] = ()

    def unheard(self) -> str:
        """What of it means nothing without an engine, in a sentence; empty where all is heard."""
        if self.no_cache or self.pull or self.build_here:
            return "nothing is built or pulled without an engine: --no-cache, --pull and --build-here mean nothing here"
        return ""


class Show(Protocol):
    """Who is told of what happens, as it happens; `upready.report.launch` shows it."""

    @property
    def live(self) -> bool:
        """Whether there is a live view, which shows the services' last log lines too."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def warn(self, text: str) -> None:
        """Something that does not stop the launch."""

    def confirm(self, question: str) -> None:
        """Have the user say whether values are to be taken back; raises unless they are."""

    def build(self, progress: Progress, step: Step | None, line: str) -> None:
        """A build has printed a line."""

    def reading(self, what: str, count: int, of: int = 0, /) -> None:
        """A backup goes on: see `upready.data.backup.Progress`."""

    def health(self, services: Sequence[Health]) -> None:
        """The state of the services has changed."""

    def agree(self, question: str, details: Sequence[str], *, unattended: bool) -> None:
        """Have the user agree to something before it is done.

        Args:
            question: A sentence that says what is about to happen.
            details: More about that, a sentence each.
            unattended: Whether the task goes on where nobody is there to be asked.

        Raises:
            UsageError: The answer is no; or nobody is there, and the task does not go on without an answer.
        """
