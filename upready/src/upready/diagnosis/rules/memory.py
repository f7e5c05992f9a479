"""A container that ran out of memory."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.resources import MEMORY
from upready.support import units

_HEAP = (
    r"JavaScript heap out of memory",
    r"java\.lang\.OutOfMemoryError",
    r"^MemoryError",
    r"runtime: out of memory",
)


def find(evidence: Evidence) -> Finding | None:
    """The engine reports it, or the program says so itself."""
    container = evidence.container
    if container is None:
        return None
    limit = container.memory_limit
    if evidence.health.cause == "oom" or (container.oom_killed and container.state != "running"):
        of = f"all {units.size(limit)} that it may use" if limit else "the machine's memory"
        return Finding(
            f"ran out of memory: it used {of} and was killed"
            + (f", and was restarted {units.times(container.restarts)}" if container.restarts > 1 else ""),
            _raise(evidence, limit)
            if limit
            else evidence.then("give the engine's machine more memory, or stop something else"),
        )
    if match := evidence.search(*_HEAP):
        return Finding(
            f"ran out of the memory that its runtime allows itself ({match[0]})",
            evidence.then(
                "raise the runtime's own limit (Node: --max-old-space-size, Java: -Xmx)"
                f"{f' below the {units.size(limit)} of the container' if limit else ''}, or make it use less"
            ),
        )
    return None


def _raise(evidence: Evidence, limit: int) -> str:
    """The step that gives a container twice the memory."""
    keys = next((each for each in MEMORY if evidence.written(*each)), MEMORY[0])
    return evidence.change(keys, f"{2 * limit // 2**20}M")
