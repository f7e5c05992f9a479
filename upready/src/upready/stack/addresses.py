"""Where published ports are reached from this machine, for stacks that do not say what to open."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from urllib.parse import urlsplit

from upready.stack.service import Port, Service

_ENCRYPTED = frozenset({443, 8443, 9443})
"""Ports of HTTPS."""

_NO_HTTP = frozenset(
    {
        *(21, 22, 23, 25, 53, 110, 143, 465, 587, 993, 995),  # files, shells, names, mail
        *(389, 636, 1025, 1883, 8883, 2049, 445),  # directories, mail catchers, MQTT, file shares
        *(1433, 1521, 3306, 33060, 5432, 6432, 26257, 27017, 27018, 27019, 9042, 7687),  # databases
        *(6379, 6380, 16379, 26379, 11211),  # caches
        *(2181, 4222, 5671, 5672, 9092, 9093, 9094, 61616, 5044, 4317, 6831, 14250, 24224),  # queues, logs, traces
        *(50051, 5678, 9229, 2375, 2376, 3389, 5900),  # gRPC, debuggers, Docker, screens
    }
)
"""Ports in a container that by convention are not HTTP."""


def of(services: Iterable[Service]) -> dict[str, str]:
    """The addresses that services publish, by the service's name: a URL, or `host:port` for a port that is not HTTP.

    A service with several ports has an entry for each, named after the port in the container: `web:9000`.
    """
    found: dict[str, str] = {}
    for service in services:
        # The engine publishes no ports of a container in the host's network.
        if service.config.get("network_mode") == "host":
            continue
        published = {port.target: port for port in reversed(service.ports) if port.protocol == "tcp"}
        for target, port in sorted(published.items()):
            found[service.name if len(published) == 1 else f"{service.name}:{target}"] = _address(port)
    return found


def is_here(url: str) -> bool:
    """Whether an address is one of the machine on which it is called."""
    with contextlib.suppress(ValueError):
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")
    return False


def _address(port: Port) -> str:
    host = port.reached_at
    place = f"[{host}]:{port.published}" if ":" in host else f"{host}:{port.published}"
    if port.target in _NO_HTTP:
        return place
    return f"https://{place}" if port.target in _ENCRYPTED else f"http://{place}"
