"""The edge in Swarm sends requests to the names of services: Swarm itself says which tasks have such a name."""

from __future__ import annotations

import contextlib
import time

from upready.runtime.attempt import Attempt
from upready.runtime.docker import edge
from upready.runtime.docker.edge import EdgeError
from upready.runtime.swarm.engine import SwarmEngine
from upready.stack.model import Model

PATIENCE = 60.0
"""Seconds that the edge gets to run."""

AGAIN = 0.3
"""Seconds between two tries."""


def lead(swarm: SwarmEngine, target: Model, attempt: Attempt) -> None:
    """Have the edge do so, whatever a release on one engine has left in its volume: the containers of then.

    Args:
        swarm: Where the stack runs.
        target: Its model.
        attempt: Says whether that is still wanted.

    Raises:
        EngineError: The engine does not answer.
    """
    served = [each for each in target.wanted if each.ops.get("edge")]
    edges = [each for each in target.wanted if edge.LABEL in (each.config.get("labels") or {})]
    end = time.monotonic() + PATIENCE
    while served and edges and not attempt.ending.is_set() and time.monotonic() < end:
        found = edge.find(swarm, target.stack.project)
        if found is not None and found.container.state in ("running", "starting"):
            with contextlib.suppress(EdgeError):  # it has just been made, and does not know its services yet
                for each in served:
                    if found.upstreams(each):
                        found.switch(each, [])
                return
        attempt.ending.wait(AGAIN)
