"""Replicas as a runtime describes them, and answers of theirs, made up in one line."""

from __future__ import annotations

from typing import Any

from ops.model import Service
from ops.probe import Probe
from ops.runtime import Container

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
    **config: Any,
) -> Service:
    """A service of a merged model."""
    ops: dict[str, Any] = {"health": URL} if probe else {}
    if stable is not None:
        ops["stable"] = stable
    return Service(
        name=name,
        image=f"shop-{name}",
        built=False,
        depends_on=depends_on or {},
        ports=(),
        replicas=replicas,
        profiles=(),
        ops=ops,
        config=config,
    )


def answer(status: str = "healthy", *, error: str | None = None) -> Probe:
    """What a probe brought back."""
    return Probe(URL, 503 if error else 200, 1.0, error, {"status": status})
