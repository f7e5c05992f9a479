"""`invoke restart`: in the order of `depends_on`, with those that ask for it, and waiting for all of them."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Project, until
from tests.engine.twins import SLEEPER

pytestmark = pytest.mark.engine

ORDERED = (
    SLEEPER
    + """
services:
  web:
    <<: *sleeper
    # It does not bear a database that is not ready.
    command: [sh, -c, "test -e /shared/ready || exit 9; sleep 600"]
    volumes: ["shared:/shared"]
    depends_on: {db: {condition: service_healthy}}
  db:
    <<: *sleeper
    command: [sh, -c, "rm -f /shared/ready; sleep 1.5; touch /shared/ready; sleep 600"]
    volumes: ["shared:/shared"]
    healthcheck: {test: [CMD, test, -e, /shared/ready], interval: 300ms, retries: 99}
volumes: {shared: {}}
"""
)


def test_it_follows_depends_on(project: Project) -> None:
    project.write("compose.yaml", ORDERED)
    project.ok("dev", "--no-build")
    before = {each.service: (each.id, each.started) for each in project.containers()}
    project.ok("restart")
    after = {each.service: (each.id, each.started) for each in project.containers()}
    for name, (identifier, started) in before.items():
        assert after[name][0] == identifier
        assert after[name][1] > started
    assert after["web"][1] > after["db"][1]


ALONG = (
    SLEEPER
    + """
services:
  db: {<<: *sleeper}
  web:
    <<: *sleeper
    command: [sh, -c, "%s"]
    x-ops: {stable: 2}
    depends_on: {db: {condition: service_started, restart: true}}
  other: {<<: *sleeper, depends_on: [db]}
"""
)


def test_what_is_restarted_along_and_dies_is_told(project: Project) -> None:
    project.write("compose.yaml", ALONG % "test -e /tmp/once && exit 9; touch /tmp/once; sleep 600")
    project.ok("dev", "--no-build")
    ended = project.invoke("restart", "--service", "db", "--timeout", "20", "--json")
    assert ended.code == 6
    assert "web exited with code 9" in ended.json["error"]["message"]


def test_what_is_restarted_along_is_waited_for(project: Project) -> None:
    project.write("compose.yaml", ALONG % "sleep 600")
    project.ok("dev", "--no-build")
    before = {each.service: each.started for each in project.containers()}
    ended = project.ok("restart", "--service", "db", "--json").json
    assert {each["service"]: each["ready"] for each in ended["services"]} == {"db": True, "web": True}
    assert ended["ready_in"] > 2
    after = {each.service: each.started for each in project.containers()}
    assert after["web"] > before["web"]
    assert after["other"] == before["other"]


@pytest.mark.nightly
def test_a_grace_period_is_respected(project: Project) -> None:
    text = """
services:
  slow:
    image: debian:trixie-slim
    command: [bash, -c, "trap 'sleep 3; echo ended cleanly; exit 0' TERM; while :; do sleep 0.1; done"]
    stop_grace_period: 40s
"""
    project.write("compose.yaml", text)
    project.ok("dev", "--no-build")
    project.ok("restart")
    until(lambda: "ended cleanly" in project.ok("logs").out)


@pytest.mark.nightly
def test_no_time_is_one_honest_look(project: Project) -> None:
    project.write("compose.yaml", ORDERED)
    assert project.invoke("dev", "--no-build", "--timeout", "0").code == 7
    project.ok("dev", "--no-build")
    project.ok("dev", "--no-build", "--timeout", "0")
    project.ok("health", "--wait", "0")
    project.ok("stop")
    assert project.invoke("health", "--wait", "0").code == 7
