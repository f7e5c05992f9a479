"""What is called ready: what answers now, what is done, what does not crash again and again, what is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Project, until
from tests.engine.scene import connected
from tests.engine.twins import SLEEPER, Twins

pytestmark = pytest.mark.engine


def names(project: Project, ready: bool) -> set[str]:
    """The replicas that `health` calls ready, or not."""
    found = project.invoke("health", "--json").json["services"]
    return {f"{each['service']}-{each['replica']}" for each in found if each["ready"] is ready}


JOB = (
    SLEEPER
    + """
services:
  job:
    <<: *sleeper
    build: {dockerfile_inline: "FROM debian:trixie-slim\\nHEALTHCHECK --interval=1s CMD false\\n"}
    image: ${COMPOSE_PROJECT_NAME}-job
    command: [sh, -c, "sleep 0.5; exit %d"]
"""
)


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("awaited", [True, False], ids=["awaited", "awaited by nobody"])
@pytest.mark.parametrize("code", [0, 3])
def test_a_one_shot_is_done_though_its_image_has_a_health_check(project: Project, awaited: bool, code: int) -> None:
    after = "  web: {<<: *sleeper, depends_on: {job: {condition: service_completed_successfully}}}\n"
    project.write("compose.yaml", JOB % code + (after if awaited else ""))
    ended = project.invoke("dev", "--json")
    assert ended.code == (0 if code == 0 else 6), ended.err
    if code == 0:
        assert all(each["ready"] for each in ended.json["services"])
        assert project.invoke("health").code == 0
    else:
        assert "job exited with code 3" in ended.json["error"]["message"]


@pytest.mark.nightly
def test_our_failing_probe_beats_the_engines_old_word(project: Project, free_port: Callable[[], int]) -> None:
    port = free_port()
    text = f"""
services:
  web:
    image: python:3.13-slim
    init: true
    working_dir: /srv
    command: [sh, -c, "echo fine > index.html; exec python -m http.server 8000"]
    ports: ["127.0.0.1:{port}:8000"]
    healthcheck: {{test: [CMD, "true"], interval: 60s, start_period: 60s, start_interval: 300ms}}
    x-ops: {{health: "http://127.0.0.1:{port}/index.html"}}
"""
    project.write("compose.yaml", text)
    project.ok("dev", "--no-build")
    until(lambda: project.container("web").health == "healthy")
    project.ok("exec", "web", "--", "rm", "/srv/index.html")
    ended = project.invoke("dev", "--no-build", "--timeout", "3", "--json")
    assert ended.code == 7
    assert ended.json["status"] == "unhealthy"
    assert project.invoke("health").code == 7
    project.ok("exec", "web", "--", "touch", "/srv/index.html")
    project.ok("dev", "--no-build")


@pytest.mark.parametrize(
    ("lives", "policy"),
    [
        (3, "always"),
        pytest.param(5, "always", marks=pytest.mark.nightly),
        pytest.param(3, "unless-stopped", marks=pytest.mark.nightly),
        pytest.param(4, "on-failure", marks=pytest.mark.nightly),
    ],
)
def test_a_crash_loop_is_never_ready(project: Project, lives: int, policy: str) -> None:
    text = f"""
services:
  app:
    image: debian:trixie-slim
    init: true
    restart: {policy}
    command: [sh, -c, "sleep {lives}; echo no ledger >&2; exit 1"]
"""
    project.write("compose.yaml", text)
    ended = project.invoke("dev", "--no-build", "--timeout", "22", "--json")
    assert ended.code in (6, 7), ended.out
    assert "restarted" in str(ended.json["error"])
    # However often one looks: also while it runs between two crashes.
    until(lambda: project.container("app").state == "running")
    looked = project.invoke("health", "--json")
    assert looked.code == 7
    assert looked.json["services"][0]["restarts"] >= 1


@pytest.mark.nightly
def test_one_that_crashes_twice_and_then_lives_is_ready(project: Project) -> None:
    code = "n=$$(cat /tmp/n 2>/dev/null || echo 0); echo $$((n + 1)) > /tmp/n; test $$n -ge 2 || exit 1; sleep 600"
    text = f"""
services:
  app: {{image: debian:trixie-slim, init: true, restart: always, command: [sh, -c, '{code}']}}
"""
    project.write("compose.yaml", text)
    project.ok("dev", "--no-build")
    assert project.container("app").restarts == 2


REPLICAS = SLEEPER + "services: {app: {<<: *sleeper, scale: 3}, other: {<<: *sleeper}}\n"


def remove(project: Project, *replicas: str) -> None:
    for each in replicas:
        connected().client.api.remove_container(f"{project.name}-{each}", force=True, v=True)


@pytest.mark.nightly
def test_a_service_without_any_container_is_missing(project: Project) -> None:
    project.write("compose.yaml", REPLICAS)
    project.ok("dev", "--no-build")
    remove(project, "app-1", "app-2", "app-3")
    looked = project.invoke("health", "--json")
    assert looked.code == 7
    assert looked.json["status"] == "unhealthy"
    assert names(project, ready=False) == {"app-1", "app-2", "app-3"}
    assert "app" in project.invoke("health").out
    assert "app" in {each["service"] for each in project.ok("diagnose", "--json").json["diagnoses"]}
    project.ok("dev", "--no-build")
    assert names(project, ready=True) == {"app-1", "app-2", "app-3", "other-1"}


STOPPABLE = (
    SLEEPER
    + """
services:
  db:
    <<: *sleeper
    command: [sh, -c, "trap 'exit 0' TERM; sleep 600 & wait"]
    healthcheck: {test: [CMD, "true"], interval: 1s}
"""
)


def test_a_service_that_somebody_has_stopped_is_not_done(project: Project) -> None:
    project.write("compose.yaml", STOPPABLE)
    project.ok("dev", "--no-build")
    until(lambda: project.container("db").health == "healthy")  # by the engine's own check, too
    # When: it is stopped by hand, and its program ends well
    connected().client.api.stop(f"{project.name}-db-1")
    # Then
    assert project.container("db").exit_code == 0
    looked = project.invoke("health", "--json")
    assert (looked.code, looked.json["status"]) == (7, "unhealthy")
    (told,) = project.ok("diagnose", "db", "--json").json["diagnoses"]
    assert told["next"] == "invoke restart db"
    project.ok("restart", "db")
    project.ok("health")


@pytest.mark.parametrize("gone", [pytest.param(2, marks=pytest.mark.nightly), 1])
def test_the_replica_that_is_missing_is_the_one_that_is_named(project: Project, gone: int) -> None:
    project.write("compose.yaml", REPLICAS)
    project.ok("dev", "--no-build")
    remove(project, f"app-{gone}")
    assert project.invoke("health").code == 7
    assert names(project, ready=False) == {f"app-{gone}"}
    assert names(project, ready=True) == {"app-1", "app-2", "app-3", "other-1"} - {f"app-{gone}"}


SELDOM = (
    SLEEPER
    + """
services:
  db:
    <<: *sleeper
    command: [sh, -c, "sleep 1; touch /tmp/ok; sleep 600"]
    healthcheck: {test: [CMD, test, -e, /tmp/ok], interval: 30s, timeout: 5s, retries: 9}
    x-ops: {eager: %s}
  web: {<<: *sleeper, depends_on: {db: {condition: service_healthy}}}
"""
)


def test_a_seldom_health_check_is_told_at_once(project: Project) -> None:
    """Plain compose needs thirty seconds to start `web`."""
    project.write("compose.yaml", SELDOM % "true")
    ended = project.ok("dev", "--no-build", "--json").json
    assert {each["service"]: each["ready"] for each in ended["services"]} == {"db": True, "web": True}
    assert ended["ready_in"] < 30


@pytest.mark.nightly
def test_which_can_be_switched_off(project: Project) -> None:
    project.write("compose.yaml", SELDOM % "false")
    ended = project.invoke("dev", "--no-build", "--timeout", "15", "--json")
    assert ended.code == 7
    assert {each["service"]: each["state"] for each in ended.json["services"]} == {"db": "running", "web": "created"}


def test_a_health_check_is_run_as_the_engine_would(project: Project) -> None:
    """By the service's user, in its folder, with its variables, and through a shell where it is a text."""
    test = 'test "$$(id -u):$$PWD:$$WORD" = "1234:/var/tmp:said"'
    text = f"""
services:
  app:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    user: "1234"
    working_dir: /var/tmp
    environment: {{WORD: said}}
    healthcheck: {{test: '{test}', interval: 30s, retries: 9}}
"""
    project.write("compose.yaml", text)
    assert project.ok("dev", "--no-build", "--json").json["ready_in"] < 30


def test_health_and_status_mention_orphans(twins: Twins) -> None:
    project = twins.ours
    project.write("compose.yaml", SLEEPER + "services: {old: {<<: *sleeper}, kept: {<<: *sleeper}}\n")
    project.ok("dev", "--no-build")
    project.write("compose.yaml", SLEEPER + "services: {kept: {<<: *sleeper}}\n")
    said = project.ok("dev", "--no-build")
    assert f"{project.name}-old-1" in said.out + said.err
    assert "old" in project.invoke("status").out
