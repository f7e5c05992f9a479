"""Profiles start exactly their services, and these become ready without the others."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Project

pytestmark = pytest.mark.engine


def test_ai_only_is_ready_without_a_database(clone: Project) -> None:
    started = clone.ok("dev", "--profile", "ai-only", "--json").json
    assert {each["service"] for each in started["services"]} == {"ai-service", "mcp-server"}
    assert {each.service for each in clone.containers()} == {"ai-service", "mcp-server"}
    checks = next(each["checks"] for each in started["services"] if each["service"] == "ai-service")
    assert checks.get("database", {}).get("status") not in ("unhealthy", "down", "error")


@pytest.mark.nightly
def test_db_only(clone: Project) -> None:
    started = clone.ok("dev", "--profile", "db-only", "--json").json
    assert [each["service"] for each in started["services"]] == ["db"]
    assert {each.service for each in clone.containers()} == {"db"}
    assert clone.ok("health", "--json").json["status"] == "healthy"


def test_an_unknown_profile_is_refused(clone: Project) -> None:
    refused = clone.invoke("dev", "--profile", "everything", "--json")
    assert refused.code == 2
    assert "ai-only, db-only, full-stack" in str(refused.json["error"]["details"])
