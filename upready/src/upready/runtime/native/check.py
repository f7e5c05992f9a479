"""Check whether a service is healthy, by its address, as Docker's health check does within the container."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit

from upready.support import http_probe

TIMEOUT = 1.0
"""Seconds that an answer of PostgreSQL may take."""

_PROTOCOL = 3 << 16
"""https://www.postgresql.org/docs/current/protocol-message-formats.html, StartupMessage"""


def problem(url: str) -> str:
    """Why the service at a URL is not healthy; empty if it is.

    Args:
        url: `http://…` or `https://…` for any service, `postgresql://HOST:PORT` for PostgreSQL.
    """
    if url.startswith("postgresql:"):
        return _postgres(url)
    return http_probe.ask(url).error or ""


def _postgres(url: str) -> str:
    """Begin a connection as a client does, and close it when the server asks for a password.

    An open port is not enough: it is open while the server still recovers.
    """
    parts = urlsplit(url)
    fields = b"user\0health\0database\0health\0\0"
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), TIMEOUT) as connection:
            connection.sendall(struct.pack("!II", 8 + len(fields), _PROTOCOL) + fields)
            answer = connection.recv(1024)
    except TimeoutError:
        return f"no answer within {TIMEOUT:g} s"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if answer[:1] == b"R":  # asks for a password
        return ""
    if answer[:1] == b"E":  # fields of one letter each; M is the message
        said = [field[1:].decode("utf-8", "replace") for field in answer[5:].split(b"\0") if field[:1] == b"M"]
        return said[0] if said else "refuses connections"
    return "something else than PostgreSQL answers"
