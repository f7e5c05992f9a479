"""A `post_start` or `pre_start` hook that failed."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
from upready.support.errors import EngineError

LINES = 10
"""Lines of a hook's output that are read."""


def find(evidence: Evidence) -> Finding | None:
    """Compose names the hook. Compose keeps the container of a `pre_start` hook, so its output can be read there."""
    failure = evidence.failure
    if failure is None or failure.kind not in ("post_start", "pre_start"):
        return None
    told, output = failure.message, list(failure.output)
    if not output and (output := _output(evidence, failure.container)):
        told += f": {output[-1].strip()}"
    place = evidence.written(failure.kind) or f"the compose entry of {evidence.service.name}"
    return Finding(
        f"runs, but {told}" if evidence.health.state == "running" else f"was not started: {told}",
        evidence.then(f"correct {failure.kind}: in {place}"),
        output[:-1],
    )


def _output(evidence: Evidence, container: str) -> list[str]:
    """The last lines of the container that a hook ran in."""
    if not container or evidence.docker is None:
        return []
    try:
        with answering():
            raw: bytes = evidence.docker.client.containers.get(container).logs(tail=LINES)
    except EngineError:
        return []
    return [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
