"""`ops` knows nothing of this stack: every task works in another project, with only an `invoke.yaml`."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Project

pytestmark = pytest.mark.engine


def test_dev_health_logs_stop(foreign: Project) -> None:
    started = foreign.ok("dev", "--json").json
    assert started["status"] == "healthy"
    assert {each["service"]: each["ready"] for each in started["services"]} == {"sundial": True, "tower": True}
    assert started["urls"] == {"Tower": f"http://127.0.0.1:{foreign.environment['TOWER_PORT']}"}

    looked = foreign.ok("health", "--json").json
    assert looked["status"] == "healthy"
    tower = next(each for each in looked["services"] if each["service"] == "tower")
    assert tower["probe"]["status_code"] == 200

    logs = foreign.ok("logs").out
    assert "the sun is up" in logs
    assert "the tower is open" in logs

    stopped = foreign.ok("stop", "--json").json
    assert len(stopped["containers"]) == 2
    assert foreign.containers() == []


def test_without_environments_the_default_file_is_dev(foreign: Project) -> None:
    foreign.write("invoke.yaml", "ops: {}\n")
    assert foreign.ok("dev", "--json").json["environment"] == "dev"

    refused = foreign.invoke("prod", "--json")
    assert refused.code == 2
    assert "there is no environment 'prod'" in refused.json["error"]["message"]
