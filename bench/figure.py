"""One thing that was measured: our runs, those of what a user would pick instead, and what is promised."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """The runs of one thing, by us and by others.

    Attributes:
        what: What was measured, as a table names it.
        unit: Of each number: `s`, `ms`, `MB`, `%`, or what is counted.
        ours: What each run of ours took.
        peers: By its name, what each run of another took. As many as ours were made in turn with them.
        size: How much there was of what `sizes` names; 0 where nothing grows.
        sizes: What grows from figure to figure: `services`, `MB of logs`.
        goal: What our value may be at most; with `at_least`, at least.
        ratio_goal: So many times the first peer's value may ours be at most.
        at_least: Whether more is better.
        own: Whether what stands beside is ours, too: a smaller case, or the least that a call costs.
    """

    what: str
    unit: str
    ours: Sequence[float]
    peers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    size: float = 0
    sizes: str = ""
    goal: float | None = None
    ratio_goal: float | None = None
    at_least: bool = False
    own: bool = False

    @property
    def value(self) -> float:
        """The median of our runs."""
        return statistics.median(self.ours)

    def theirs(self, peer: str) -> float:
        """The median of a peer's runs."""
        return statistics.median(self.peers[peer])

    def ratio(self, peer: str) -> float | None:
        """How many times as much as a peer we take.

        Runs that were made in turn met the same machine: the median of the pairs. None where there is nothing to
        divide by, or a number below zero (told too early).
        """
        theirs = self.peers[peer]
        if min(*theirs, *self.ours, 0) < 0 or self.theirs(peer) == 0:
            return None
        if len(theirs) == len(self.ours) and all(theirs):
            return statistics.median(one / other for one, other in zip(self.ours, theirs, strict=True))
        return self.value / self.theirs(peer)

    def behind(self, peer: str) -> bool:
        """Whether the peer is better than we are; what was told too early is no better."""
        if self.own:
            return False
        ours, theirs = self.value, self.theirs(peer)
        if self.at_least:
            return theirs > ours
        return 0 <= theirs < ours or ours < 0 <= theirs

    @property
    def met(self) -> bool | None:
        """Whether every goal is met; None where there is none."""
        found = []
        if self.goal is not None:
            found.append(self.value >= self.goal if self.at_least else self.value <= self.goal)
        if self.ratio_goal is not None and self.peers:
            ratio = self.ratio(next(iter(self.peers)))
            found.append(ratio is not None and ratio <= self.ratio_goal)
        return all(found) if found else None

    def document(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {
            "what": self.what,
            "unit": self.unit,
            "size": self.size,
            "sizes": self.sizes,
            "value": self.value,
            "runs": list(self.ours),
            "peers": [
                {
                    "name": name,
                    "value": self.theirs(name),
                    "runs": list(runs),
                    "ratio": self.ratio(name),
                    "better": self.behind(name),
                }
                for name, runs in self.peers.items()
            ],
            "goal": self.goal,
            "ratio_goal": self.ratio_goal,
            "at_least": self.at_least,
            "met": self.met,
        }
