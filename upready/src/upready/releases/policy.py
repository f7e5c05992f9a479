"""How the replicas of a service are replaced: `deploy.update_config`, and `deploy.rollback_config` on the way back.

The keys mean what the compose specification says, and Swarm does. Where one is not given, a release does what loses
no request: see `order` and `failure_action` below.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upready.stack.model import Service
from upready.support import units

START_FIRST, STOP_FIRST = "start-first", "stop-first"
PAUSE, CONTINUE, ROLLBACK = "pause", "continue", "rollback"


@dataclass(frozen=True)
class Policy:
    """How the replicas of one service are replaced.

    Attributes:
        parallelism: How many at a time; 0 for all at once.
        delay: Seconds between one group and the next.
        monitor: Seconds that new replicas must stay ready before they get requests.
        max_failure_ratio: This part of the replicas may fail, from 0 to 1, and the change goes on.
        failure_action: What is done when more of them fail: `rollback`, where nothing is given.
        order: `start-first` or `stop-first`; empty where the service itself tells (see `plan.stops_first`).
    """

    parallelism: int = 0
    delay: float = 0.0
    monitor: float = 0.0
    max_failure_ratio: float = 0.0
    failure_action: str = ROLLBACK
    order: str = ""

    def groups(self, replicas: int) -> Iterator[int]:
        """How many of a service's replicas change at a time; `delay` passes between two groups."""
        left = replicas
        while left > 0:
            count = min(self.parallelism or left, left)
            yield count
            left -= count
            if left > 0:
                time.sleep(self.delay)

    def allows(self, failed: int, replicas: int) -> bool:
        """Whether the change goes on after so many of a service's replicas have failed."""
        return self.failure_action == CONTINUE or self.tolerates(failed, replicas)

    def tolerates(self, failed: int, replicas: int) -> bool:
        """Whether so many failures are no more than `max_failure_ratio`."""
        return failed <= self.max_failure_ratio * replicas


def of(service: Service, *, back: bool = False) -> Policy:
    """How the replicas of a service are replaced.

    Args:
        service: The service, as it is to run.
        back: Whether it is brought back to an earlier version. Then `rollback_config` counts; where that is not
            given, `update_config` does, and where it has no `order`, that of `update_config` does.
    """
    deploy = service.config.get("deploy") or {}
    forward: Mapping[str, Any] = deploy.get("update_config") or {}
    section: Mapping[str, Any] = (deploy.get("rollback_config") or forward) if back else forward
    return Policy(
        parallelism=int(section.get("parallelism") or 0),
        delay=_seconds(section.get("delay")),
        monitor=_seconds(section.get("monitor")),
        max_failure_ratio=float(section.get("max_failure_ratio") or 0.0),
        failure_action=str(section.get("failure_action") or ROLLBACK),
        order=str(section.get("order") or forward.get("order") or ""),
    )


def _seconds(text: object) -> float:
    return units.parse_duration(str(text or "0s")) or 0.0
