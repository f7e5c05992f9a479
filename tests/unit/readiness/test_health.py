"""What the health of a whole project comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.replicas import answer, container
from upready.readiness.health import Health, Report, Verdict
from upready.secrets import masking
from upready.support.http_probe import Probe

READY = Health("web", 1, container(), answer(), Verdict.READY, "answers", "answers")


@pytest.mark.parametrize(
    ("services", "status"),
    [
        ([READY], "healthy"),
        ([READY, replace(READY, probe=answer("degraded"))], "degraded"),
        ([READY, replace(READY, verdict=Verdict.WAITING)], "unhealthy"),
        ([replace(READY, probe=answer("degraded")), replace(READY, verdict=Verdict.FAILED)], "unhealthy"),
        ([replace(READY, container=None, verdict=Verdict.WAITING)], "stopped"),
        ([], "stopped"),
    ],
)
def test_status_of_a_project(services: list[Health], status: str) -> None:
    assert Report("shop", "dev", tuple(services)).status == status


def test_json() -> None:
    probe = Probe("http://x/", 200, 3.2, None, {"status": "healthy", "checks": {"db": {"status": "ok"}}})
    document = Report("shop", "dev", (replace(READY, probe=probe),)).as_dict()
    assert document["project"] == "shop"
    assert document["status"] == "healthy"
    (one,) = document["services"]
    assert one["probe"] == {"url": "http://x/", "status_code": 200, "latency_ms": 3.2, "error": None}
    assert one["checks"] == {"db": {"status": "ok"}}
    assert {"service", "replica", "state", "health", "ready", "restarts", "exit_code"} <= one.keys()


def test_its_own_health_check_tells_why_where_strangers_are_not_told() -> None:
    asked = Probe("http://x/", 503, 3.2, "HTTP 503", {"checks": {"db": {"status": "unhealthy"}, "x": {"status": "ok"}}})
    inside = '503 {"checks": {"db": {"status": "unhealthy", "error": "refused"}, "x": {"status": "ok", "ms": 3}}}'
    one = replace(READY, probe=asked, container=container(probes=((1, "old"), (1, inside))))
    assert one.failing_checks() == [("db", "unhealthy: refused")]
    assert one.as_dict()["checks"]["db"] == {"status": "unhealthy", "error": "refused"}
    # What it said of another state, or cannot be read, tells nothing.
    for output in (inside.replace("unhealthy", "missing"), inside[:40], "", '[]{"checks": 3}'):
        other = replace(one, container=container(probes=((1, output),)))
        assert other.failing_checks() == [("db", "unhealthy")]


def test_its_own_health_check_tells_all_where_nobody_asks_from_outside() -> None:
    inside = '200 {"checks": {"db": {"status": "unhealthy", "error": "refused"}}}'
    one = replace(READY, probe=None, container=container(probes=((1, "old"), (0, inside))))
    assert one.failing_checks() == [("db", "unhealthy: refused")]
    assert replace(one, container=None).failing_checks() == []


def test_the_probe_of_a_document_holds_no_secret(tmp_path: Path) -> None:
    with masking.hiding(tmp_path, lambda _: []):
        masking.know("test", lambda: ["s3cret-value-1"])
        probe = Probe("http://web/?key=s3cret-value-1", None, None, "refused: s3cret-value-1", {})
        health = Health("web", 1, None, probe, Verdict.WAITING, "", "")
        assert "s3cret-value-1" not in str([health.as_dict(), health.probe_as_dict()])
        assert health.as_dict()["probe"]["url"].startswith("http://web/?key=*")
