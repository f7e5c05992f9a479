"""When a container is ready: `readinessProbe`.

There is no `livenessProbe` and no `startupProbe`: each of them ends a container, and compose ends none that is
unhealthy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from upready.kubernetes import quantity
from upready.kubernetes.subject import Subject

INTERVAL, TIMEOUT, RETRIES = 30, 30, 3
"""What compose takes where nothing is said; Kubernetes' own timeout is one second."""


def readiness(subject: Subject, ports: set[int]) -> dict[str, Any] | None:
    """The probe of a service: its health check's command, else the URL of `x-ops.health`, else that a port is open.

    Args:
        subject: The service.
        ports: The ports in the container, as far as they are known.
    """
    check = subject.config.get("healthcheck") or {}
    test = list(map(str, check.get("test") or ()))
    off = bool(check.get("disable")) or test[:1] == ["NONE"]
    url = _of_url(subject)
    own = _of_command(subject, test) if test and not off else None
    if own and url:
        subject.lose("x-ops.health", "a container has one readiness probe: the health check is it")
    asked = own or url
    if asked is None and check and not off and not test:
        asked = _of_port(subject, ports)
    if asked is None:
        return None
    if check.get("start_interval"):
        every = quantity.seconds(check.get("interval"), INTERVAL)
        subject.lose(
            "healthcheck.start_interval",
            f"readiness is asked for every {every} s from the start on, so it may show that much later",
        )
    return {
        **asked,
        "periodSeconds": max(1, quantity.seconds(check.get("interval"), INTERVAL)),
        "timeoutSeconds": max(1, quantity.seconds(check.get("timeout"), TIMEOUT)),
        "failureThreshold": max(1, int(check.get("retries") or RETRIES)),
    }


def _of_command(subject: Subject, test: list[str]) -> dict[str, Any] | None:
    if (subject.shown.get("healthcheck") or {}).get("test") != (subject.config.get("healthcheck") or {}).get("test"):
        subject.lose("healthcheck.test", "it holds a secret, and no probe can refer to one: read it from a variable")
        return None
    kind, words = test[0], test[1:]
    command = ["/bin/sh", "-c", words[0]] if kind == "CMD-SHELL" and words else words
    return {"exec": {"command": command}} if command else None


def _of_url(subject: Subject) -> dict[str, Any] | None:
    """The URL of `x-ops.health`, asked at the port in the container; with the same host name in the request."""
    if not (url := subject.service.probe_url):
        return None
    parts = urlsplit(url)
    published = parts.port or {"http": 80, "https": 443}[parts.scheme]
    target = next((each.target for each in subject.service.ports if published in each.numbers), None)
    if target is None:
        subject.lose("x-ops.health", "its port is none that the service publishes")
        return None
    found: dict[str, Any] = {
        "path": f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
        "port": target,
        "scheme": parts.scheme.upper(),
        "httpHeaders": [{"name": "Host", "value": parts.netloc.rpartition("@")[2]}],
    }
    return {"httpGet": found}


def _of_port(subject: Subject, ports: set[int]) -> dict[str, Any] | None:
    """Kubernetes does not read the health check of an image."""
    edge: Mapping[str, Any] = subject.service.ops.get("edge") or {}
    port = int(edge["port"]) if edge else min(ports, default=None)
    why = "the test stands in the image (HEALTHCHECK), which Kubernetes does not read: write it into the compose file"
    subject.lose(
        "healthcheck.test", f"{why}; until then ready is {f'that port {port} is open' if port else 'that it runs'}"
    )
    return {"tcpSocket": {"port": port}} if port else None
