"""A host name that cannot be resolved."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.readiness.health import Health
from upready.runtime.interface import Container as Replica
from upready.support import next_step

_HOST = r"[\"'`]?(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*)[\"'`]?"
_UNKNOWN = (
    rf"could not translate host name {_HOST} to address",
    # nginx, HAProxy
    r"host not found in (?:upstream|resolver|set_real_ip_from|\"\w+\" directive)[^\n\"]*\"(?:\w+://)?"
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*)",
    rf"could not resolve address {_HOST}",
    rf"failed to resolve host {_HOST}",
    rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {_HOST}",
    rf"(?:lookup|resolve(?: host)?:?) {_HOST}[^\n]*(?:no such host|server misbehaving|Temporary failure|not known)",
    rf"(?:Could not resolve host|bad address|unknown host|Unknown MySQL server host):? {_HOST}",
    rf"(?:UnknownHostException|failed to lookup address information|getaddrinfo for|gethostbyname\(\)?):? {_HOST}",
    rf"\({_HOST}(?::\d+)?\)[^\n]*(?:Name or service not known|Name does not resolve)",
    rf"(?:Name or service not known|Name does not resolve) \({_HOST}(?::\d+)?\)",
    rf"host={_HOST}[^\n]*(?:Name or service not known|Temporary failure in name resolution)",
    r"Name or service not known|Temporary failure in name resolution|nodename nor servname provided"
    r"|Name does not resolve|\bENOTFOUND\b",
)


def find(evidence: Evidence) -> Finding | None:
    """The program names a host. The stack tells whether a service has that name, and whether it runs."""
    match = evidence.search(*_UNKNOWN)
    if match is None:
        return None
    known = {**evidence.model.services, **evidence.model.inactive}
    host = match.groupdict().get("host") or _suspect(evidence, known)
    if host is None:
        return Finding(
            "cannot resolve a host name",
            evidence.then(f"correct the host that {evidence.service.name} uses"),
        )
    if host in known:
        other = evidence.others.get(host)
        if other is None or other.container is None:
            profiles = dict.fromkeys([*evidence.model.stack.profiles, *known[host].profiles[:1]])
            return Finding(
                f"cannot find {host}: that service has not been started",
                f"{evidence.restart} {' '.join(f'--profile {each}' for each in profiles)}"
                if known[host].profiles
                else evidence.then(f"let {evidence.service.name} wait for it (depends_on: [{host}])"),
                blames=host if other else None,
            )
        if other.state != "running":
            return Finding(f"cannot find {host}, which is {other.state}", f"invoke diagnose {host}", blames=host)
        return _unshared(evidence, host, other)
    near = difflib.get_close_matches(host, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return Finding(
        f"cannot find the host {host}: no service of this stack has that name{meant}",
        _correct(evidence, host)
        or evidence.then(
            f"correct the name in the environment of {evidence.service.name}"
            if near
            else f"correct the host {host} where {evidence.service.name} has it"
        ),
    )


def _unshared(evidence: Evidence, host: str, other: Health) -> Finding:
    """Both services run. The engine tells whether they share a network."""
    name = evidence.service.name
    own, theirs = _networks(evidence.container), _networks(other.container)
    if not own & theirs:
        return Finding(
            f"cannot find {host}: they share no network ({name}: {_listed(own)}; {host}: {_listed(theirs)})",
            evidence.then(f"put {name} and {host} into the same network (networks: in their compose entries)"),
        )
    again = f"invoke restart --service {name}"
    wait = next_step.either(again, evidence.then(f"let {name} wait for it (depends_on: [{host}])"))
    return Finding(
        f"could not find {host}, which runs now, in the same network ({_listed(own & theirs)}): "
        "its name was asked for before it ran, or the engine's resolver did not answer",
        again if host in evidence.service.depends_on else wait,
    )


def _networks(container: Replica | None) -> set[str]:
    """The networks of a container; its network mode where it uses the network of the host or of another container."""
    if container is None:
        return set()
    found = (container.raw.get("NetworkSettings") or {}).get("Networks") or {}
    mode = str((container.raw.get("HostConfig") or {}).get("NetworkMode") or "")
    return {str(each) for each in found} or ({mode} if mode else set())


def _listed(networks: set[str]) -> str:
    return ", ".join(sorted(networks)) or "none"


def _correct(evidence: Evidence, host: str) -> str:
    """The step that changes the variable which holds a host name; empty where no variable holds it."""
    for name, value in evidence.environment.items():
        if host in _hosts(name, value) or (host == value and "." not in host):
            return evidence.change(("environment", name))
    return ""


def _suspect(evidence: Evidence, known: Container[str]) -> str | None:
    """The host that an error without a name may mean: one in the service's variables that is no service, or is down."""
    hosts = [host for name, value in evidence.environment.items() for host in _hosts(name, value)]
    down = [
        host
        for host in hosts
        if host in known and (host not in evidence.others or evidence.others[host].state != "running")
    ]
    return next(iter([host for host in hosts if host not in known and "." not in host] + down), None)


def _hosts(name: str, value: str) -> list[str]:
    """The hosts in the value of a variable: in a URL, or the whole value if the name ends with HOST."""
    hosts: list[str] = re.findall(r"://(?:[^/\s@]*@)?([A-Za-z0-9_.-]+)", value)
    if name.endswith("HOST") and re.fullmatch(r"[A-Za-z0-9_.-]+", value):
        hosts.append(value)
    return [host for host in hosts if not re.fullmatch(r"[\d.]+|localhost", host)]
