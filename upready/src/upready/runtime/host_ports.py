"""The ports of this machine: is one free, and which process has it?"""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.stack.model import Port
from upready.support import platform, process, shell_words

if TYPE_CHECKING:
    import psutil

UNKNOWN = "another process"
"""The owner of a port if the system does not say."""

RESERVED = "Windows itself, which has reserved it (Hyper-V, WSL)"
"""The owner of a port that no process uses, and that no process can get."""

_ANSWER = 0.5
"""Seconds in which a listener of this machine has taken a connection."""


def free(port: Port) -> bool:
    """Whether this machine lets the port be bound now."""
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            platform.claim_exclusively(probe)
            probe.bind((port.host, port.published))
    except OSError as error:
        # The engine judges other errors: it may use a port below 1024 though this user may not, and it explains best
        # what is wrong with an address. Windows also gives a PermissionError for a port in use.
        return error.errno != errno.EADDRINUSE and not (platform.WINDOWS and isinstance(error, PermissionError))
    return not (platform.MACOS and _answers(port))


def owner(port: Port) -> str:
    """The owner of a port that is not free, in words; the system may not say."""
    import psutil

    number = listener(port)
    with contextlib.suppress(psutil.Error):
        if number:
            return f"process {number} ({program(psutil.Process(number))})"
    return RESERVED if _is_reserved(port) else UNKNOWN


def program(running: psutil.Process) -> str:
    """The name of a process's program. Node.js gives its main thread a name of its own, which Linux tells instead.

    Raises:
        psutil.Error: The process has ended, or this user may not ask.
    """
    name = running.name()
    return Path(running.exe()).name if name == "MainThread" else name


def stop(port: Port, owner: str) -> str:
    """How to free a port, as a command if there is one."""
    if match := re.match(r"process (\d+) ", owner):
        return shell_words.end_command(int(match[1]))
    if owner == RESERVED:
        return f"as administrator: {shell_words.in_turn('net stop winnat', 'net start winnat')}"
    number, protocol = port.published, port.protocol
    if platform.WINDOWS:
        return f"stop what this shows: netstat -ano -p {protocol} | findstr :{number}"
    # Only root can see the process of another user.
    if platform.MACOS:
        return f"stop what this shows: sudo lsof -nP -i{protocol.upper()}:{number}"
    return f"stop what this shows: sudo ss -lnp{protocol[0]} sport = :{number}"


def listener(port: Port) -> int | None:
    """The PID of the process that listens on a port; None if the system does not say."""
    import psutil

    try:
        found = [(each, each.pid) for each in psutil.net_connections("inet")]
    except (psutil.Error, OSError):
        # On macOS only root can see all processes; everybody can see their own.
        found = [(each, one.pid) for one in psutil.process_iter() for each in _connections(one)]
    for each, number in found:
        listens = each.status == psutil.CONN_LISTEN or port.protocol == "udp"
        if listens and each.laddr and each.laddr.port == port.published and number:
            return int(number)
    return None


def _connections(one: Any) -> list[Any]:
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        return list(one.net_connections("inet"))
    return []


def _answers(port: Port) -> bool:
    """Whether somebody takes connections at a TCP port of this machine.

    macOS lets a port be bound at one address beside a listener at all addresses, and the other way round.
    """
    if port.protocol == "udp":
        return False
    with contextlib.suppress(OSError), socket.create_connection((port.reached_at, port.published), _ANSWER):
        return True
    return False


def _is_reserved(port: Port) -> bool:
    """Whether Windows has reserved a port: it reserves ranges by chance when it starts."""
    if not platform.WINDOWS:
        return False
    family = "ipv6" if ":" in port.host else "ipv4"
    line = ["netsh", "int", family, "show", "excludedportrange", f"protocol={port.protocol}"]
    try:
        said = process.run(line, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    # A range a line; the words around them are in the system's language.
    ranges = re.findall(r"^\s*(\d+)\s+(\d+)\s*\*?\s*$", said, re.MULTILINE)
    return any(int(first) <= port.published <= int(last) for first, last in ranges)
