"""A service that runs but cannot be reached from the host: it listens elsewhere, or only for itself."""

from __future__ import annotations

import contextlib
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.readiness import one_look
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Container
from upready.support.errors import EngineError

_REFUSED = ("connection refused", "connection closed without an answer")


def find(evidence: Evidence) -> Finding | None:  # noqa: PLR0911 - one return a possibility
    """The probe is refused while the container runs. The container's own table of sockets tells where it listens."""
    name, container, answer = evidence.service.name, evidence.container, evidence.health.probe
    if evidence.docker is None or container is None or container.state != "running":
        return None
    if answer is None or answer.status_code is not None or answer.error not in _REFUSED:
        return None
    port = one_look.port(answer.url)
    # With `network_mode: service:…` a service has no ports of its own: those of the other service count.
    mode = str(evidence.service.config.get("network_mode") or "")
    holder = mode.removeprefix("service:") if mode.startswith("service:") else ""
    owner = container
    if holder:
        other = evidence.others.get(holder)
        if other is None or other.container is None:
            return None
        owner = other.container
        if _lost_network(container, owner):
            return Finding(
                f"cannot be reached at {answer.url}: it uses the network of {holder}, and {holder} was started again "
                "without it, so that this network is gone",
                f"invoke restart --service {name}",
            )
    inner = next((target for _, published, _, target in owner.ports if published == port), None)
    if inner is None:
        whose = f"it uses the network of {holder}, which" if holder else "it"
        published = ", ".join(str(each[1]) for each in owner.ports) or "none"
        return Finding(
            f"cannot be reached at {answer.url}: {whose} publishes no port {port} (but {published})",
            evidence.then(f"publish it under ports: of {holder or name}, or correct x-ops.health of {name}"),
        )
    listening = _listening(evidence, container)
    own = sorted({number for address, number in listening if address != "loopback"})
    if not listening or inner in own:
        return None
    if ("loopback", inner) in listening:
        where = f"the network of {holder}" if holder else "its container"
        return Finding(
            f"listens on 127.0.0.1:{inner} in {where}, where nobody else reaches it",
            evidence.then(f"let {name} listen on 0.0.0.0"),
        )
    whose = f"{holder}, whose network it uses, publishes at {port}" if holder else f"is published at {port}"
    # A port that is published, too, is not a mistake for this one: the service has not come so far yet.
    strange = [each for each in own if each not in {target for *_, target in owner.ports}]
    if not strange:
        return Finding(f"does not listen yet on port {inner}, which {whose}", f"invoke logs --service {name}")
    return Finding(
        f"does not listen on port {inner}, which {whose}, but on {', '.join(map(str, strange))}",
        evidence.then(
            f"let {name} listen on {inner}, or publish under ports: of {holder or name} the port that {name} listens on"
        ),
    )


def _lost_network(container: Container, owner: Container) -> bool:
    """Whether the network of another container, which this one uses, is gone since that one was started again."""
    mode = str((container.raw.get("HostConfig") or {}).get("NetworkMode") or "")
    if mode.startswith("container:") and mode != f"container:{owner.id}":
        return True
    return bool(owner.started and container.started and owner.started > container.started)


def _listening(evidence: Evidence, container: Container) -> set[tuple[str, int]]:
    """Where the container listens: (`loopback` or `any`, port); empty where it has no `cat` to tell by."""
    assert evidence.docker is not None  # noqa: S101 - `find` returned without one
    api: Any = evidence.docker.client.api
    with contextlib.suppress(EngineError), answering():
        run = api.exec_create(container.id, ["cat", "/proc/net/tcp", "/proc/net/tcp6"])
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
