"""The ports of this machine: is one free, and which process has it?"""

from __future__ import annotations

import contextlib
import errno
import socket

from upready.stack.model import Port
from upready.support import platform

UNKNOWN = "another process"
"""Who has a port where the system does not tell."""


def free(port: Port) -> bool:
    """Whether this machine lets the port be bound now."""
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            platform.claim_exclusively(probe)
            probe.bind((port.host, port.published))
    except OSError as error:
        # Another reason is the engine's to judge: it may have a port below 1024 though this user may not, and it says
        # best what is wrong with an address that is not this machine's. Windows refuses a port in use either way.
        return error.errno != errno.EADDRINUSE and not (platform.WINDOWS and isinstance(error, PermissionError))
    return True


def owner(port: Port) -> str:
    """The process that listens on a port, in words; the system may not tell."""
    import psutil

    number = process(port)
    with contextlib.suppress(psutil.Error):
        return f"process {number} ({psutil.Process(number).name()})" if number else UNKNOWN
    return UNKNOWN


def process(port: Port) -> int | None:
    """The number of the process that listens on a port; None where the system does not tell."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections("inet"):
            listens = each.status == psutil.CONN_LISTEN or port.protocol == "udp"
            if listens and each.laddr and each.laddr.port == port.published and each.pid:
                return int(each.pid)
    return None
