"""The resources that a container uses, from the engine's statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.runtime.docker.engine import Engine, answering
from upready.runtime.interface import Container, Sample
from upready.support import times


def sample(engine: Engine, container: Container) -> Sample | None:
    """One sample; None when the container has just gone.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import NotFound

    with answering():
        try:
            # Without one-shot the engine takes two samples a second apart.
            stats: Any = engine.client.api.stats(container.id, stream=False, one_shot=True)
        except NotFound:
            return None
    used = memory(stats)
    if used is None:
        return None
    # The system's own counter of time ticks too coarsely for samples that are close together.
    moment = times.moment(str(stats["read"])).timestamp()
    return Sample(moment, ((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage", 0) / 1e9, used)


def memory(stats: Mapping[str, Any]) -> int | None:
    """As in `docker stats`: without file pages that can be dropped (cgroup v2, then v1)."""
    held = stats.get("memory_stats") or {}
    if "usage" not in held:
        return None
    detail = held.get("stats") or {}
    cache = detail.get("inactive_file", detail.get("total_inactive_file", 0))
    return max(0, int(held["usage"]) - int(cache))
