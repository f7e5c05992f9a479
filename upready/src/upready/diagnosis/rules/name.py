"""A host name that cannot be resolved."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.readiness.health import Health
from upready.runtime.interface import Container as Replica
from upready.stack import host_names
from upready.stack.service import Service
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
    names = host_names.of(known, evidence.service)
    host = match.groupdict().get("host") or _suspect(evidence, known, names)
    if host is None:
        return Finding(
            "cannot resolve a host name",
            evidence.then(f"correct the host that {evidence.service.name} uses"),
        )
    if host in names and names[host] in known:
        return _nameless(evidence, host, known[names[host]]) or _of_service(evidence, host, known[names[host]])
    near = difflib.get_close_matches(host, names, n=1)
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


def _of_service(evidence: Evidence, host: str, wanted: Service) -> Finding:
    """The name leads to a service, which may not run."""
    name = wanted.name
    other = evidence.others.get(name)
    which = host if host == name else f"{host} ({name})"
    if other is None or other.container is None:
        profiles = dict.fromkeys([*evidence.model.stack.profiles, *wanted.profiles[:1]])
        return Finding(
            f"cannot find {which}: that service has not been started",
            f"{evidence.restart} {' '.join(f'--profile {each}' for each in profiles)}"
            if wanted.profiles
            else evidence.then(f"let {evidence.service.name} wait for it (depends_on: [{name}])"),
            blames=name if other else None,
        )
    if other.state != "running":
        return Finding(f"cannot find {which}, which is {other.state}", f"invoke diagnose {name}", blames=name)
    return _unshared(evidence, which, other)


def _nameless(evidence: Evidence, host: str, wanted: Service) -> Finding | None:
    """One of the two is in no network of the stack, so that the name leads nowhere; None where both are in one."""
    asker, lost = evidence.service, f"cannot find {host}: "
    own, theirs = _joined(evidence, asker), host_names.mode(wanted)
    if own == ("host", ""):
        return Finding(
            f"{lost}{asker.name} uses the network of the machine (network_mode: host), where services have no names",
            evidence.then(f"publish the port of {wanted.name}, and let {asker.name} use 127.0.0.1"),
        )
    if theirs == ("host", ""):
        gateway = "host.docker.internal"
        return Finding(
            f"{lost}it uses the network of the machine (network_mode: host), where it has no name",
            evidence.then(f"let {asker.name} use {gateway}, with extra_hosts: [{gateway}:host-gateway]"),
        )
    if theirs[0] == "service" and theirs[1] != own[1]:
        return Finding(
            f"{lost}it uses the network of {theirs[1]} (network_mode: service:{theirs[1]}), and has its name",
            evidence.then(f"let {asker.name} use {theirs[1]} instead of {host}"),
        )
    if theirs[0] == "service":
        return Finding(
            f"{lost}both use the network of {theirs[1]}, where it has no name of its own",
            evidence.then(f"let {asker.name} use 127.0.0.1 instead of {host}"),
        )
    for each, (kind, _) in ((asker, own), (wanted, theirs)):
        if kind == "none":
            return Finding(
                f"{lost}{each.name} has no network (network_mode: none)",
                evidence.then(f"put {each.name} into a network (networks: instead of network_mode:)"),
            )
    return None


def _joined(evidence: Evidence, service: Service) -> tuple[str, str]:
    """How a service is connected; where it shares the network of one that is in none of the stack, as that one is."""
    kind, holder = host_names.mode(service)
    other = evidence.model.every.get(holder) if kind == "service" else None
    further = host_names.mode(other) if other is not None else ("", "")
    return further if further[0] in ("host", "none") else (kind, holder)


def _unshared(evidence: Evidence, host: str, other: Health) -> Finding:
    """Both services run. The engine tells whether they share a network."""
    name = evidence.service.name
    # One that uses the network of another service is in that one's networks.
    kind, holder = host_names.mode(evidence.service)
    sharing = evidence.others.get(holder) if kind == "service" else None
    own, theirs = _networks(sharing.container if sharing else evidence.container), _networks(other.container)
    if not own & theirs:
        placed = holder if sharing else name
        return Finding(
            f"cannot find {host}: they share no network ({placed}: {_listed(own)}; {other.service}: {_listed(theirs)})",
            evidence.then(
                f"put {placed} and {other.service} into the same network (networks: in their compose entries)"
            ),
        )
    again = f"invoke restart --service {name}"
    wait = next_step.either(again, evidence.then(f"let {name} wait for it (depends_on: [{other.service}])"))
    return Finding(
        f"could not find {host}, which runs now, in the same network ({_listed(own & theirs)}): "
        "its name was asked for before it ran, or the engine's resolver did not answer",
        again if other.service in evidence.service.depends_on else wait,
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
            return evidence.assign(evidence.service.name, name) or evidence.change(("environment", name))
    return ""


def _suspect(evidence: Evidence, known: Mapping[str, Service], names: Mapping[str, str]) -> str | None:
    """The host that an error without a name may mean: one in the service's variables that cannot be found.

    Args:
        evidence: What is known of the service.
        known: The services of the stack.
        names: The host names of the stack, each with its service.
    """
    hosts = [host for name, value in evidence.environment.items() for host in _hosts(name, value)]
    own = _given(evidence.service)
    of_services = [host for host in hosts if host in names and names[host] in known]
    unknown = [host for host in hosts if host not in names and "." not in host and host not in own]
    down = [host for host in of_services if not _runs(evidence, names[host])]
    nameless = [host for host in of_services if _nameless(evidence, host, known[names[host]])]
    return next(iter(unknown + down + nameless), None)


def _runs(evidence: Evidence, name: str) -> bool:
    return name in evidence.others and evidence.others[name].state == "running"


def _given(service: Service) -> Collection[str]:
    """The host names that a service knows by itself: its own, and those of `extra_hosts`."""
    listed = service.config.get("extra_hosts") or ()
    return {re.split("[=:]", str(each), maxsplit=1)[0] for each in listed} | {str(service.config.get("hostname") or "")}


def _hosts(name: str, value: str) -> list[str]:
    """The hosts in the value of a variable: in a URL, or the whole value if the name ends with HOST."""
    hosts: list[str] = re.findall(r"://(?:[^/\s@]*@)?([A-Za-z0-9_.-]+)", value)
    if name.endswith("HOST") and re.fullmatch(r"[A-Za-z0-9_.-]+", value):
        hosts.append(value)
    return [host for host in hosts if not re.fullmatch(r"[\d.]+|localhost", host)]
