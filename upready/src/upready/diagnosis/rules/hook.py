"""A `post_start` or `pre_start` hook that failed: the container is there, and may even run."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Case
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
from upready.support.errors import EngineError

_HOOK = r"the (?P<kind>post_start|pre_start) hook of \S+ exited with|pre_start\[\d+\]|\bhook exited with status"
LINES = 10
"""Lines of a hook's output that are told."""


def find(case: Case) -> Finding | None:
    """Told by compose's words; what a hook before the start has written, by its container, which compose keeps."""
    if case.refusal is None or not (match := re.search(_HOOK, case.said)):
        return None
    kind = match["kind"] or ("pre_start" if "pre_start" in case.said else "post_start")
    output = list(case.refusal.details) or _output(case)
    told = case.refusal.message
    if output and not re.search(r"(?:code|status) \d+: ", told):
        told += f": {output[-1].strip()}"
    place = case.written(kind)
    return Finding(
        "hook",
        f"was not started: {told}" if case.health.state != "running" else f"runs, but {told}",
        f"correct {kind}: in {place or f'the compose entry of {case.service.name}'}, then {case.restart}",
        output,
    )


def _output(case: Case) -> list[str]:
    """The last lines of the container that a hook ran in."""
    kept = re.search(r"docker logs (\w+)", case.refusal.next) if case.refusal else None
    if kept is None or case.docker is None:
        return []
    try:
        with answering():
            raw: bytes = case.docker.client.containers.get(kept[1]).logs(tail=LINES)
    except EngineError:
        return []
    return [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
