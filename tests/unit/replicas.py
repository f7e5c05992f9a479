"""Replicas as a runtime describes them, answers of theirs, and a runtime that has them, made up in one line."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

from upready.runtime.interface import Container
from upready.stack.model import Model, Service
from upready.stack.service import Port
from upready.support.http_probe import Probe

URL = "http://127.0.0.1:8000/health"


def container(**given: Any) -> Container:
    """A container that runs, without a health check, unless told otherwise."""
    known: dict[str, Any] = {
        "id": "web1",
        "name": "shop-web-1",
        "service": "web",
        "replica": 1,
        "image": "shop-web",
        "state": "running",
        "health": "",
        "probes": (),
        "exit_code": None,
        "oom_killed": False,
        "error": "",
        "restarts": 0,
        "started": None,
        "finished": None,
    }
    return Container(**{**known, **given})


def service(
    name: str = "web",
    *,
    probe: bool = False,
    stable: float | None = None,
    replicas: int = 1,
    depends_on: dict[str, str] | None = None,
    published: tuple[Port, ...] = (),
    ranges: tuple[Port, ...] = (),
    edge: str = "",
    **config: Any,
) -> Service:
    """A service of a merged model."""
    ops: dict[str, Any] = {"health": URL} if probe else {}
    if stable is not None:
        ops["stable"] = stable
    if edge:
        ops["edge"] = {"path": edge}
    return Service(
        name=name,
        image=f"shop-{name}",
        built=False,
        depends_on=depends_on or {},
        ports=published,
        ranges=ranges,
        replicas=replicas,
        profiles=(),
        ops=ops,
        config=config,
    )


def answer(status: str = "healthy", *, error: str | None = None) -> Probe:
    """What a probe brought back."""
    return Probe(URL, 503 if error else 200, 1.0, error, {"status": status})


class Fake:
    """A runtime with containers that a test puts there and takes away, each time with an event."""

    name = "docker"
    address = "nowhere"
    local = True

    def __init__(self, *containers: Container) -> None:
        self._containers = {each.id: each for each in containers}
        self._events: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()

    def put(self, *containers: Container) -> None:
        for each in containers:
            self._containers[each.id] = each
            self._events.put((each.id, "start" if each.state == "running" else "die"))

    def remove(self, identifier: str) -> None:
        del self._containers[identifier]
        self._events.put((identifier, "destroy"))

    def ping(self, _: float) -> bool:
        return True

    def containers(self, _: str) -> list[Container]:
        return list(self._containers.values())

    def inspect(self, identifier: str) -> Container | None:
        return self._containers.get(identifier)

    def changes(self, _: str) -> Fake:
        return self

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._events.get, None)

    def close(self) -> None:
        self._events.put(None)

    def fit(self, model: Model, _: object) -> Model:
        return model
