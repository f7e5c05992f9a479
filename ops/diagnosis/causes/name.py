"""A host name that cannot be resolved."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container

from ops.diagnosis.case import Case
from ops.diagnosis.failure import Finding

_HOST = r"[\"'`]?(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*)[\"'`]?"
_UNKNOWN = (
    rf"could not translate host name {_HOST} to address",
    rf"failed to resolve host {_HOST}",
    rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {_HOST}",
    rf"(?:lookup|resolve(?: host)?:?) {_HOST}[^\n]*(?:no such host|server misbehaving|Temporary failure|not known)",
    rf"(?:Could not resolve host|bad address|unknown host|Unknown MySQL server host):? {_HOST}",
    rf"host={_HOST}[^\n]*(?:Name or service not known|Temporary failure in name resolution)",
    r"Name or service not known|Temporary failure in name resolution|nodename nor servname provided|\bENOTFOUND\b",
)


def find(case: Case) -> Finding | None:
    """Told by the program's words; the stack says whether there is such a service, and how it is."""
    match = case.search(*_UNKNOWN)
    if match is None:
        return None
    known = {**case.model.services, **case.model.inactive}
    host = match.groupdict().get("host") or _suspect(case, known)
    if host is None:
        return Finding(
            "dns",
            "cannot resolve a host name",
            f"invoke exec {case.service.name} -- getent hosts NAME, for each it uses",
        )
    if host in known:
        other = case.others.get(host)
        if other is None or other.container is None:
            return Finding(
                "dns",
                f"cannot find {host}: that service has not been started",
                f"start it too: its profile is {', '.join(known[host].profiles)}"
                if known[host].profiles
                else f"let {case.service.name} wait for it: depends_on: [{host}]",
                blames=host if other else None,
            )
        if other.state != "running":
            return Finding("dns", f"cannot find {host}, which is {other.state}", f"invoke diagnose {host}", blames=host)
        return Finding(
            "dns",
            f"cannot find {host}: they share no network",
            f"put {case.service.name} and {host} into the same network (networks: in their compose entries)",
        )
    near = difflib.get_close_matches(host, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return Finding(
        "dns",
        f"cannot find the host {host}: no service of this stack has that name{meant}",
        f"correct the name in the environment of {case.service.name}" if near else f"getent hosts {host}",
    )


def _suspect(case: Case, known: Container[str]) -> str | None:
    """What an error without a name may mean: a host in the service's variables that is no service, or is down."""
    hosts = [host for name, value in case.environment.items() for host in _hosts(name, value)]
    down = [
        host for host in hosts if host in known and (host not in case.others or case.others[host].state != "running")
    ]
    return next(iter([host for host in hosts if host not in known and "." not in host] + down), None)


def _hosts(name: str, value: str) -> list[str]:
    """The hosts that a variable names: in a URL, or as the whole value of one called `…HOST`."""
    hosts: list[str] = re.findall(r"://(?:[^/\s@]*@)?([A-Za-z0-9_.-]+)", value)
    if name.endswith("HOST") and re.fullmatch(r"[A-Za-z0-9_.-]+", value):
        hosts.append(value)
    return [host for host in hosts if not re.fullmatch(r"[\d.]+|localhost", host)]
