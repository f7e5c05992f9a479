"""A program that cannot listen on a port, because another program in the same network has it."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime import host_ports
from upready.stack import host_names
from upready.stack.service import Port
from upready.support import next_step

_USED = r"[Aa]ddress (?:already )?in use"
_IN_USE = (
    r"EADDRINUSE[^\n]*?:(?P<port>\d+)\b",
    rf"listen (?:tcp|udp)[46]? \S*?:(?P<port>\d+): bind: {_USED}",
    r"bind\(\) to \S*?:(?P<port>\d+) failed \(98",
    rf"\('[^'\n]*', (?P<port>\d+)[^\n]*{_USED}",
    rf"(?:[\w.*\]]|^|\s):(?P<port>\d{{2,5}})\b[^\n]*{_USED}",
    r"\b[Pp]ort:? (?P<port>\d+)\b[^\n]*(?:in use|already allocated|is taken)",
    rf"{_USED}[^\n]*?:(?P<port>\d{{2,5}})\b",
    _USED,
)


def find(evidence: Evidence) -> Finding | None:
    """The program says that its address is in use. How it is connected tells who may have it."""
    match = evidence.search(*_IN_USE)
    if match is None or evidence.docker is None:
        return None
    name, (kind, holder) = evidence.service.name, host_names.mode(evidence.service)
    number = int(match.groupdict().get("port") or 0)
    if kind == "host":
        return _on_the_machine(evidence, number)
    port = f"port {number}" if number else "its port"
    if kind == "service":
        sharing = [each.name for each in evidence.model.services.values() if host_names.mode(each) == (kind, holder)]
        others = ", ".join([holder, *(each for each in sharing if each != name)])
        return Finding(
            f"cannot listen on {port}: another program has it in the network that it shares with {others}",
            evidence.then(f"let {name} listen on another port"),
        )
    return Finding(
        f"cannot listen on {port}: another program in its container has it",
        evidence.then(f"let {name} start only one program that listens on {port}"),
    )


def _on_the_machine(evidence: Evidence, number: int) -> Finding:
    """The port is one of the machine: its sockets tell who has it."""
    name = evidence.service.name
    variable, number = _variable(evidence, number)
    change = evidence.assign(name, variable) if variable else ""
    elsewhere = change or evidence.then(f"let {name} listen on another port")
    where = "it uses the network of the machine (network_mode: host)"
    if not number:
        return Finding(f"cannot listen on its port: {where}, where another program has it", elsewhere)
    told, stop = f"cannot listen on port {number}: {where}, where another program has it", ""
    if holder := evidence.engine.owner_of(number):
        told = f"cannot listen on port {number}: {where}, where container {holder[1]} has it"
        stop = f"docker stop {holder[1]}"
    elif evidence.engine.local:
        port = Port("", number, "tcp", 0)
        owner = host_ports.owner(port)
        told = f"cannot listen on port {number}: {where}, where {owner} has it"
        stop = host_ports.stop(port, owner)
    return Finding(told, next_step.either(elsewhere, stop))


def _variable(evidence: Evidence, number: int) -> tuple[str, int]:
    """The variable that holds the port, and the port; where the program does not tell it, one that is not free."""
    given = {
        name: int(value)
        for name, value in evidence.environment.items()
        if re.fullmatch(r"\d{2,5}", value) and re.search(r"PORT$|^PORT", name)
    }
    local = evidence.engine.local
    for name, held in given.items():
        taken = number == held or (not number and local and not host_ports.free(Port("", held, "tcp", 0)))
        if 0 < held < 65536 and taken:
            return name, held
    return "", number
