"""A container that ended for a reason that only its own words can tell."""

from __future__ import annotations

from upready.diagnosis import exit_code
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import units


def find(evidence: Evidence) -> Finding | None:
    """Told by the container's state and exit code."""
    container, service = evidence.container, evidence.service.name
    logs = f"invoke logs --service {service}"
    if container is None or container.state in ("running", "paused", "created"):
        return None
    code = container.exit_code or 0
    meaning = exit_code.meaning(code)
    cause = {137: "killed", 139: "crashed", 134: "crashed", 135: "crashed", 143: "terminated"}.get(code, "exited")
    restarts = f", restarted {units.times(container.restarts)}" if container.restarts > 1 else ""
    message = f"exited with code {code}" + (f" ({meaning})" if meaning else "") + restarts
    if code == 0 and container.state == "exited":
        return Finding(
            "exited",
            f"exited with code 0, though it is meant to go on{restarts}",
            evidence.then(
                f"give {service} a command that stays in the foreground, or no health check if it is a one-shot"
            ),
        )
    if evidence.log.trouble and container.state in ("exited", "restarting"):
        trace = evidence.log.trace
        # A traceback's or an error's own words are its last line, in Node its first.
        told = trace is not None and evidence.log.error == (trace.first, trace.last)
        words = trace.error if trace is not None and told else evidence.log.trouble[-1].strip()
        message += f": {evidence.hide(words)[:200]}"
        if trace is not None and told and trace.place:
            message += f" ({evidence.local(*trace.place)})"
    elif evidence.unread:
        message += f"; {evidence.unread}"
    elif not evidence.log.lines:
        message += ", and wrote nothing to its log"
    remedies = {139: evidence.then(f"update the native libraries of {service}, or look for a core dump")}
    if evidence.docker is not None:
        remedies[137] = f"see who killed it: docker events --since 10m --until 0s --filter container={container.name}"
    if evidence.unread:
        remedies.setdefault(code, evidence.change(("logging", "driver"), "json-file"))
    return Finding(cause, message, remedies.get(code, logs))
