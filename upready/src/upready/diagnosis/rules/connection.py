"""Another service that refuses connections."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.readiness.health import Verdict
from upready.support import next_step

_HOST = r"[\"'`(]?(?P<host>\[?(?:::|[A-Za-z0-9])[A-Za-z0-9_.:-]*?\]?)[\"'`)]?"
_REFUSED = (
    rf"ECONNREFUSED {_HOST}:(?P<port>\d+)",
    rf"connection to server at {_HOST}(?: \([^)]*\))?, port (?P<port>\d+) failed: Connection refused",
    rf"(?:dial tcp|connect to|connecting to) {_HOST}:(?P<port>\d+)[^\n]*refused",
    r"://(?:[^/\s@]*@)?(?P<host>[A-Za-z0-9_.-]+):(?P<port>\d+)[^\n]*[Cc]onnection refused",
    rf"host={_HOST}, port=(?P<port>\d+)[^\n]*refused",
    r"Connect call failed \('(?P<host>[^']+)', (?P<port>\d+)\)",
)


def find(evidence: Evidence) -> Finding | None:
    """The program names a host and a port. The stack tells which service that is, and whether it is ready."""
    match = evidence.search(*_REFUSED)
    if match is None:
        return None
    host, port = match["host"], match["port"]
    if re.fullmatch(r"127\.[\d.]+|localhost|\[?::1\]?", host):
        other = next((each for each in evidence.model.services.values() if _listens(each.config, port)), None)
        if other is None or other.name == evidence.service.name:
            return None
        return Finding(
            f"looks for port {port} at {host}, which within a container is the container itself",
            evidence.then(f"use {other.name}:{port} in the environment of {evidence.service.name}"),
        )
    name = evidence.service_at(host)
    if name is None or name == evidence.service.name:
        return Finding(
            f"is refused a connection by {host}:{port}",
            evidence.then(f"look whether something listens at {host}:{port}"),
        )
    told = f"is refused a connection by {name}, port {port}"
    health = evidence.others.get(name)
    if health is not None and health.verdict is Verdict.READY:
        asker = evidence.service.name
        wait = f"let {asker} wait for it (depends_on: {{{name}: {{condition: service_healthy}}}})"
        return Finding(
            f"{told}; it runs now: it was not ready yet, or listens on another port",
            next_step.either(f"invoke restart --service {asker}", evidence.then(wait)),
        )
    return Finding(told + (f", which {health.reason}" if health else ""), f"invoke diagnose {name}", blames=name)


def _listens(config: object, port: str) -> bool:
    """Whether the compose entry of a service names this port of its container."""
    entry = config if isinstance(config, dict) else {}
    inner = [str(each.get("target")) for each in entry.get("ports") or []]
    return port in [*inner, *(str(each) for each in entry.get("expose") or [])]
