"""States and log entries as `invoke top` shows them, made up in a line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.unit.replicas import container
from upready.logs.entry import Entry, Origin
from upready.operations.status import Usage
from upready.operations.top.state import Row, State, Wait
from upready.readiness.health import Health, Verdict
from upready.support.http_probe import Probe

MEGA = 1_000_000


def row(
    service: str,
    cause: str = "answers",
    reason: str = "answers: healthy",
    verdict: Verdict = Verdict.READY,
    *,
    replica: int = 1,
    memory: int = 61 * MEGA,
    limit: int | None = 256 * MEGA,
    restarts: int = 0,
    url: str = "",
    answer: dict[str, Any] | None = None,
    **given: Any,
) -> Row:
    runs = container(id=f"{service}{replica}", service=service, replica=replica, restarts=restarts)
    probe = Probe("http://127.0.0.1:8000", 200, 1.0, None, answer) if answer else None
    known = {"usage": Usage(2.4, memory, limit), "cpu": (0.0, 2.4, 10.0), "memory": (memory,), "uptime": 754.0}
    return Row(Health(service, replica, runs, probe, verdict, reason, cause), url=url, **{**known, **given})


def state(*rows: Row, status: str = "healthy", waits: dict[str, list[Wait]] | None = None, **given: Any) -> State:
    return State("shop", "dev", "docker", status, rows, waits or {}, **given)


API = row("api", url="http://127.0.0.1:8000")
DB = row("db", "healthy", "is healthy", limit=None)
WORKER = row("worker", "starting", "is not ready yet: connection refused", Verdict.WAITING, restarts=3)
SHOP = state(
    API, DB, WORKER, status="unhealthy", waits={"worker": [Wait("db", "healthy", met=True, reason="is healthy")]}
)


def entry(text: str, service: str = "api", second: int = 0) -> Entry:
    time = f"2026-11-29T10:00:{second:02}.000000000Z"
    return Entry(time, Origin(service, 1, service), 1, text)


def clock(second: int) -> str:
    """The local time of an entry."""
    return f"{datetime(2026, 11, 29, 10, 0, second, tzinfo=UTC).astimezone():%H:%M:%S}"
