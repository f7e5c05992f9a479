"""What `diagnose` says where every service is ready."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.replicas import URL, container
from upready.readiness.health import Health, Report, Verdict
from upready.report import diagnosis
from upready.support.http_probe import Probe


def report(status: str, **checks: Any) -> Report:
    answer = {"status": status, "checks": checks}
    probe = Probe(URL, 200, 3.0, None, answer)
    return Report("shop", "prod", (Health("web", 1, container(), probe, Verdict.READY, "answers", "answers"),))


RESTARTED = {"status": "restarted", "restarts": 1, "error": "the last one hung for 30 s and was killed"}


def test_what_a_ready_service_warns_of_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnosis.show(report("degraded", workers=RESTARTED, database={"status": "healthy"}), [], as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "shop is degraded: every service is ready",
        "web: workers is restarted: the last one hung for 30 s and was killed",
        "next: invoke logs --service web --level warning",
    ]
    diagnosis.show(report("degraded", workers=RESTARTED), [], as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["warnings"] == ["web: workers is restarted: the last one hung for 30 s and was killed"]


def test_a_healthy_service_warns_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    diagnosis.show(report("healthy", cache={"status": "off"}), [], as_json=False)
    assert capsys.readouterr().out == "shop is healthy: every service is ready\n"
