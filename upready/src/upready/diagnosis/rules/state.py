"""What the state of a replica alone tells: it was refused, waits for another service, ended, or is not ready yet."""

from __future__ import annotations

from upready.diagnosis import exit_code
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.readiness.health import Health, Verdict
from upready.support import units


def refused(evidence: Evidence) -> Finding | None:
    """Compose or the engine refused to start it, for a reason that only their own words tell."""
    if evidence.refusal is None:
        return None
    if evidence.container is not None and evidence.container.state == "paused":
        return Finding("is paused", f"docker unpause {evidence.container.name}", cause="paused")
    step = evidence.failure.next if evidence.failure else evidence.refusal.next
    place = evidence.written() or f"the compose entry of {evidence.service.name}"
    return Finding(f"could not start: {evidence.refused}", step or evidence.then(f"correct {place}"))


def dependency(evidence: Evidence) -> Finding | None:
    """It was not started, because a service that it depends on is not ready. One that has failed is named first."""
    if evidence.refusal or evidence.health.state not in ("missing", "created"):
        return None
    waited = [
        other
        for name, condition in evidence.service.depends_on.items()
        if (other := evidence.others.get(name)) is not None and not _reached(other, condition)
    ]
    if not waited:
        return None
    other = min(waited, key=lambda each: each.verdict is not Verdict.FAILED)
    return Finding(
        f"was not started: it waits for {other.service}, which {other.reason.partition(': ')[0]}",
        f"invoke diagnose {other.service}",
        blames=other.service,
    )


def _reached(other: Health, condition: str) -> bool:
    """Whether a condition of `depends_on` holds. A service that only has to run need not be ready."""
    if condition == "service_started" and other.verdict is not Verdict.FAILED:
        return other.state in ("running", "paused")
    return other.verdict is Verdict.READY


def ended(evidence: Evidence) -> Finding | None:
    """The container ended, for a reason that only its exit code and its own words tell."""
    container, service = evidence.container, evidence.service.name
    if container is None or container.state in ("running", "starting", "paused", "created"):
        return None
    code = container.exit_code or 0
    meaning = exit_code.meaning(code)
    restarts = f", restarted {units.times(container.restarts)}" if container.restarts > 1 else ""
    if code == 0 and container.state == "exited":
        if any(passed == 0 for passed, _ in container.probes):
            return Finding(
                f"was healthy, and exited with code 0: it was stopped, or its program ended{restarts}",
                f"invoke restart {service}",
            )
        return Finding(
            f"exited with code 0, though it is meant to go on{restarts}",
            evidence.then(
                f"give {service} a command that stays in the foreground, or no health check and no ports "
                "if it is a one-shot"
            ),
        )
    message = f"exited with code {code}" + (f" ({meaning})" if meaning else "") + restarts
    if evidence.log.trouble and container.state in ("exited", "restarting"):
        message += f": {_last_words(evidence)}"
    elif evidence.unread:
        message += f"; {evidence.unread}"
    elif not evidence.log.lines:
        message += ", and wrote nothing to its log"
    remedy = f"invoke logs --service {service}"
    if code == 139:
        remedy = evidence.then(f"update the native libraries of {service}, or look for a core dump")
    elif code == 137 and evidence.docker is not None:
        remedy = f"see who killed it: docker events --since 10m --until 0s --filter container={container.name}"
    elif evidence.unread:
        remedy = evidence.keep_log
    elif not evidence.log.lines and evidence.docker is not None and not container.slot:
        # Its log would show nothing: what it has to say may be in a file.
        remedy = f"see which files it has written: docker diff {container.name}"
    return Finding(message, remedy, cause=_ENDS.get(code, "exited"))


_ENDS = {137: "killed", 139: "crashed", 134: "crashed", 135: "crashed", 143: "terminated"}


def _last_words(evidence: Evidence) -> str:
    """The error in its log: of a traceback, what was raised and where; else the last line."""
    log, trace = evidence.log, evidence.log.trace
    if trace is None or log.error != (trace.first, trace.last):
        return evidence.hide(log.trouble[-1].strip())[:200]
    place = f" ({evidence.local(*trace.place)})" if trace.place else ""
    return evidence.hide(trace.error)[:200] + place


def waiting(evidence: Evidence) -> Finding:
    """It is not ready: the reason that the verdict gave. Always answers."""
    health, service = evidence.health, evidence.service.name
    remedy = f"invoke logs --service {service}"
    if health.cause in ("missing", "created", "start"):
        remedy = evidence.restart
    elif health.cause == "removed":
        remedy = f"once nobody else works on this project: {evidence.restart}"
    elif health.cause == "paused" and health.container:
        remedy = f"docker unpause {health.container.name}"
    message = evidence.hide(health.reason)
    if health.cause == "starting" and evidence.unread:
        message += f"; {evidence.unread}"
        remedy = evidence.keep_log
    elif health.cause == "starting" and not evidence.log.lines:
        message += "; it has written nothing to its log"
    return Finding(message, remedy, cause=health.cause)
