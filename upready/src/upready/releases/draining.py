"""How long old containers get to end what is under way, counted at the edge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from upready.runtime.docker.edge import Edge, EdgeError
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.support import units

GRACE = 10.0
"""Seconds that a container gets to end what it is at, where its service says nothing: compose's own number."""

SHORT = 2.0
"""Seconds for what is under way where a service is stopped first, while new requests wait."""

NOTHING: frozenset[str] = frozenset()
"""No requests."""

COUNT_EVERY = 0.2
"""Seconds between the first counts of what is still under way."""

SELDOM = 1.0
"""Seconds between counts when it has lasted: each one starts a process within the edge, beside what is served."""


def lasting(edge: Edge, containers: Sequence[Container]) -> frozenset[str]:
    """The requests to some containers that last: event streams, websockets, whatever has taken so long already."""
    first = _under_way(edge, containers)
    if not first:
        return first
    time.sleep(SHORT)
    return first & _under_way(edge, containers)


def drain(
    edge: Edge,
    old: Sequence[Container],
    seconds: float,
    tell: Callable[[int], None],
    spare: frozenset[str] = NOTHING,
) -> int:
    """Wait until nothing is under way to some containers, for so many seconds at most.

    Args:
        edge: Counts them.
        old: The containers, which get no new ones.
        seconds: How long, at most.
        tell: Told of each new count.
        spare: Requests that are not waited for.

    Returns:
        How many are still under way.
    """
    began = time.monotonic()
    told = None
    while (left := _under_way(edge, old)) - spare and (waited := time.monotonic() - began) < seconds:
        if len(left) != told:
            told = len(left)
            tell(told)
        time.sleep(min(max(COUNT_EVERY, waited / 10), SELDOM))
    return len(left)


def _under_way(edge: Edge, containers: Sequence[Container]) -> frozenset[str]:
    try:
        return NOTHING.union(*(edge.requests(each.id) for each in containers))
    except EdgeError:  # what came through it has ended with it
        return NOTHING


def grace(service: Service) -> float:
    """Seconds that a container of a service gets to end what it is at (`stop_grace_period`)."""
    told = units.parse_duration(str(service.config.get("stop_grace_period") or ""))
    return GRACE if told is None else told
