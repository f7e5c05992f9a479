"""The volumes of a project on one machine: a swarm has several machines, each with volumes of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine


@dataclass(frozen=True)
class Store:
    """The volumes of a project on one machine.

    Attributes:
        engine: The machine's engine; None where there is none, or where it cannot be asked.
        volumes: Their names; where the engine cannot be asked, those that the tasks there name: there may be more.
        node: The name of the machine in a swarm; empty for the one whose engine is asked anyway.
        why: Why its engine cannot be asked; empty where it can.
        step: What lets it be asked.
    """

    engine: Engine | None
    volumes: tuple[str, ...]
    node: str = ""
    why: str = ""
    step: str = ""

    @property
    def where(self) -> str:
        """On which node, to be put behind the name of a volume; empty for the machine that is asked anyway."""
        return f" on {self.node}" if self.node else ""
