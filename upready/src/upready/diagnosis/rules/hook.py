"""A `post_start` or `pre_start` hook that failed: the container is there, and may even run."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
from upready.support.errors import EngineError

_HOOK = r"the (?P<kind>post_start|pre_start) hook of \S+ exited with|pre_start\[\d+\]|\bhook exited with status"
LINES = 10
"""Lines of a hook's output that are told."""


def find(evidence: Evidence) -> Finding | None:
    """Told by compose's words; what a hook before the start has written, by its container, which compose keeps."""
    if evidence.refusal is None or not (match := re.search(_HOOK, evidence.said)):
        return None
    kind = match["kind"] or ("pre_start" if "pre_start" in evidence.said else "post_start")
    output = list(evidence.refusal.details) or _output(evidence)
    told = evidence.refusal.message
    if output and not re.search(r"(?:code|status) \d+: ", told):
        told += f": {output[-1].strip()}"
    place = evidence.written(kind)
    return Finding(
        "hook",
        f"was not started: {told}" if evidence.health.state != "running" else f"runs, but {told}",
        evidence.then(f"correct {kind}: in {place or f'the compose entry of {evidence.service.name}'}"),
        output,
    )


def _output(evidence: Evidence) -> list[str]:
    """The last lines of the container that a hook ran in."""
    kept = re.search(r"docker logs (\w+)", evidence.refusal.next) if evidence.refusal else None
    if kept is None or evidence.docker is None:
        return []
    try:
        with answering():
            raw: bytes = evidence.docker.client.containers.get(kept[1]).logs(tail=LINES)
    except EngineError:
        return []
    return [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
