"""A service that runs but cannot be reached from the host: it listens elsewhere, or only for itself."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlsplit

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
from upready.support.errors import EngineError


def find(evidence: Evidence) -> Finding | None:  # noqa: PLR0911 - one return a possibility
    """Told by a probe that is refused while the container runs; its own table of sockets says where it listens."""
    container, answer = evidence.container, evidence.health.probe
    if evidence.docker is None or container is None or container.state != "running":
        return None
    if answer is None or answer.status_code is not None:
        return None
    if answer.error not in ("connection refused", "connection closed without an answer"):
        return None
    port = urlsplit(answer.url).port or 80
    if (holder := _holder(evidence)) is not None:
        return _borrowed(evidence, holder, answer.url, port)
    inner = next((target for _, published, _, target in container.ports if published == port), None)
    if inner is None:
        published = ", ".join(str(each[1]) for each in container.ports) or "none"
        return Finding(
            "address",
            f"cannot be reached at {answer.url}: it publishes no port {port} (but {published})",
            evidence.then(f"publish it under ports: of {evidence.service.name}, or correct its x-ops.health"),
        )
    listening = _listening(evidence)
    if not listening:
        return None
    own = sorted({number for address, number in listening if address != "loopback"})
    if inner in own:
        return None
    if ("loopback", inner) in listening:
        return Finding(
            "address",
            f"listens on 127.0.0.1:{inner} in its container, where nobody else reaches it",
            evidence.then(f"let {evidence.service.name} listen on 0.0.0.0"),
        )
    told = f"on {', '.join(map(str, own))}" if own else "on no port yet"
    return Finding(
        "address",
        f"does not listen on port {inner}, which is published at {port}, but {told}",
        evidence.then(f"publish the port that {evidence.service.name} listens on, or let it listen on {inner}")
        if own
        else f"invoke logs --service {evidence.service.name}",
    )


def _holder(evidence: Evidence) -> str | None:
    """The service whose network this one uses (`network_mode: service:…`); None where it has its own."""
    mode = str(evidence.service.config.get("network_mode") or "")
    return mode.removeprefix("service:") if mode.startswith("service:") else None


def _borrowed(evidence: Evidence, holder: str, url: str, port: int) -> Finding | None:
    """Without a network of its own a service publishes nothing: its ports are those of the one whose network it has."""
    name = evidence.service.name
    other = evidence.others.get(holder)
    container, owner = evidence.container, other.container if other else None
    if owner is None or container is None:
        return None
    mode = str((container.raw.get("HostConfig") or {}).get("NetworkMode") or "")
    restarted = owner.started and container.started and owner.started > container.started
    if mode.removeprefix("container:") not in (owner.id, "", mode) or restarted:
        return Finding(
            "address",
            f"cannot be reached at {url}: it uses the network of {holder}, which was started again without it, "
            "so that its own is gone",
            f"invoke restart --service {name}",
        )
    inner = next((target for _, published, _, target in owner.ports if published == port), None)
    if inner is None:
        published = ", ".join(str(each[1]) for each in owner.ports) or "none"
        return Finding(
            "address",
            f"cannot be reached at {url}: it uses the network of {holder}, which publishes no port {port} "
            f"(but {published})",
            evidence.then(f"publish it under ports: of {holder}, or correct x-ops.health of {name}"),
        )
    listening = _listening(evidence)
    own = sorted({number for address, number in listening if address != "loopback"})
    if not listening or inner in own:
        return None
    if ("loopback", inner) in listening:
        return Finding(
            "address",
            f"listens on 127.0.0.1:{inner} in the network of {holder}, where nobody else reaches it",
            evidence.then(f"let {name} listen on 0.0.0.0"),
        )
    told = f"on {', '.join(map(str, own))}" if own else "on no port yet"
    return Finding(
        "address",
        f"does not listen on port {inner}, which {holder}, whose network it uses, publishes at {port}, but {told}",
        evidence.then(f"let {name} listen on {inner}, or publish under ports: of {holder} the port that it listens on")
        if own
        else f"invoke logs --service {name}",
    )


def _listening(evidence: Evidence) -> set[tuple[str, int]]:
    """Where the container listens: (`loopback` or `any`, port); empty where it has no `cat` to tell by."""
    assert evidence.docker is not None  # noqa: S101 - `find` returned without one
    assert evidence.container is not None  # noqa: S101 - nor without the other
    api: Any = evidence.docker.client.api
    with contextlib.suppress(EngineError), answering():
        run = api.exec_create(evidence.container.id, ["cat", "/proc/net/tcp", "/proc/net/tcp6"])
        return parse(bytes(api.exec_start(run["Id"])).decode("ascii", "replace"))
    return set()


def parse(table: str) -> set[tuple[str, int]]:
    """The listening sockets of `/proc/net/tcp` and `tcp6` (proc(5)): local address in hex, state 0A."""
    found = set()
    for line in table.splitlines():
        parts = line.split()
        if len(parts) > 3 and parts[3] == "0A" and ":" in parts[1]:
            address, _, port = parts[1].rpartition(":")
            # The engine's own resolver listens at 127.0.0.11 in every container.
            if address == "0B00007F":
                continue
            loopback = address.endswith("7F") if len(address) == 8 else address == "0" * 24 + "01000000"
            found.add(("loopback" if loopback else "any", int(port, 16)))
    return found
