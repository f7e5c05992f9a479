"""The ports of a service: those in its container, and those that it opens to the outside."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upready.kubernetes import names
from upready.kubernetes.subject import Subject, dropped
from upready.stack.service import EVERYWHERE


@dataclass(frozen=True)
class Opened:
    """A port that compose opens at every address of the machine."""

    published: int
    target: int
    protocol: str


def inside(subject: Subject) -> dict[tuple[int, str], dict[str, Any]]:
    """The ports in the container, by number and protocol, as an entry of `ports` of a container or a Service."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for entry in subject.config.get("ports") or ():
        key = (int(entry["target"]), str(entry.get("protocol") or "tcp").upper())
        found.setdefault(key, {"name": str(entry.get("name") or ""), "app": str(entry.get("app_protocol") or "")})
    for each in map(str, subject.config.get("expose") or ()):
        text, _, protocol = each.partition("/")
        first, _, last = text.partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            for number in range(int(first), int(last or first) + 1):
                found.setdefault((number, (protocol or "tcp").upper()), {})
    if edge := subject.service.ops.get("edge"):
        found.setdefault((int(edge["port"]), "TCP"), {})
    taken = names.Register()
    return {
        key: dropped(
            {
                "name": _name(taken, str(found[key].get("name") or ""), *key),
                "port": key[0],
                "protocol": key[1],
                "appProtocol": found[key].get("app"),
            }
        )
        for key in sorted(found)
    }


def opened(subject: Subject) -> list[Opened]:
    """The ports that compose publishes at every address; one that it binds to some address is not opened."""
    found = {}
    for entry in subject.config.get("ports") or ():
        host, target = str(entry.get("host_ip") or ""), int(entry["target"])
        published, protocol = str(entry.get("published") or ""), str(entry.get("protocol") or "tcp").upper()
        text = f"{host or '*'}:{published or target}"
        if host not in EVERYWHERE:
            here = published.partition("-")[0] or target
            forward = f"kubectl port-forward service/{subject.name} {here}:{target}"
            if _is_loopback(host):
                subject.lose("ports", f"{text}: stays closed, as it is to other machines now: {forward}")
            else:
                subject.lose("ports", f"{text}: stays closed, for which address of a cluster that is, only you know")
            continue
        first, _, last = published.partition("-")
        if last:
            subject.lose("ports", f"{text}: of the range {first} is opened; all replicas are behind it")
        number = int(first) if first.isdecimal() and int(first) else target
        found[number, protocol] = Opened(number, target, protocol)
    return [found[key] for key in sorted(found)]


def service_port(port: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `ports` of a Service."""
    return {**port, "targetPort": port["port"]}


def container_port(port: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `ports` of a container."""
    return {"name": port["name"], "containerPort": port["port"], "protocol": port["protocol"]}


def _name(taken: names.Register, wanted: str, number: int, protocol: str) -> str:
    """A port's name: its own where Kubernetes allows it (RFC 6335), else made of protocol and number."""
    usable = re.fullmatch(r"(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?!-)){0,13}[a-z0-9]?", wanted) and not wanted.endswith("-")
    name = wanted if usable else f"{protocol.lower()}-{number}"
    return name if taken.take("port", name, number) == name else f"{protocol.lower()}-{number}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
