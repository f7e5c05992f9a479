"""`deploy.update_config` and `rollback_config`: what becomes of a release of which some replicas fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks

pytestmark = [pytest.mark.engine, pytest.mark.slow]

# `one-…` lets the first replica that comes there fail, `hang-…` lets it run and never be ready; `late` lets each fail
# after a while, `all` each at once.
COMPOSE = """\
services:
  web:
    image: python:3.13-slim
    init: true
    command:
      - sh
      - -c
      - >-
        case "$$HOW" in all) exit 3;; late) sleep 2; exit 3;; one-*) if mkdir /marks/$$HOW; then exit 3; fi;;
        hang-*) if mkdir /marks/$$HOW; then exec sleep 600; fi;; esac;
        touch /tmp/ready; exec sleep 600
    environment: {HOW: "${HOW:-}", LOOK: "${LOOK:-}"}
    volumes: [marks:/marks]
    stop_grace_period: 1s
    deploy: {replicas: 3, update_config: {%s}, rollback_config: {parallelism: 0}}
    x-ops: {stable: 1}
volumes: {marks: {}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    """Three replicas of one service."""
    project = Project(tmp_path, unique_name("policy"))
    project.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}}}\n")
    write_tasks(project.root)
    yield project
    remove_project(project.name)


def given(shop: Project, **keys: object) -> str:
    """Release a first version with these keys of `update_config`; returns its name."""
    shop.write("compose.yaml", COMPOSE % ", ".join(f"{key}: {value}" for key, value in keys.items()))
    return str(shop.ok("prod", "--json").json["release"])


def running(shop: Project) -> Counter[str]:
    """How many replicas of each release run."""
    return Counter(each.release for each in shop.containers() if each.state == "running")


@pytest.mark.nightly
def test_one_failure_of_three_leads_back_unless_the_ratio_allows_it(shop: Project) -> None:
    first = given(shop, parallelism=1, max_failure_ratio=0.3)
    before = {each.id for each in shop.containers()}
    failed = shop.invoke("prod", "--json", env={"HOW": "one-a"})
    assert failed.code == 8, failed.err
    assert {each.id for each in shop.containers()} == before
    assert running(shop) == {first: 3}
    shop.write("compose.yaml", COMPOSE % "parallelism: 1, max_failure_ratio: 0.34")
    done = shop.ok("prod", "--json", env={"HOW": "one-b"})
    assert "a replica of web failed, and the release goes on" in done.err
    assert running(shop)[done.json["release"]] >= 2
    assert first not in running(shop)


@pytest.mark.nightly
def test_an_engine_that_has_not_looked_again_since_a_replica_was_ready_sends_no_release_back(shop: Project) -> None:
    # Given: a check that fails once before the service is up, and is not run again for a while
    check = "    healthcheck: {test: [CMD, test, -e, /tmp/up], interval: 3s, retries: 1}\n    x-ops"
    file = (COMPOSE % "monitor: 1s").replace("    x-ops", check).replace("replicas: 3", "replicas: 1")
    shop.write("compose.yaml", file.replace("touch /tmp/ready", "sleep 3.5; touch /tmp/up"))
    shop.ok("prod")
    # When
    done = shop.ok("prod", "--json", env={"LOOK": "again"})
    # Then
    assert running(shop) == {done.json["release"]: 1}


@pytest.mark.nightly
def test_a_replica_that_never_comes_up_and_may_fail_is_waited_for_once(shop: Project) -> None:
    check = "    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 500ms, start_period: 90s}\n    x-ops"
    shop.write("compose.yaml", (COMPOSE % "max_failure_ratio: 0.34").replace("    x-ops", check))
    first = shop.ok("prod", "--json").json["release"]
    done = shop.ok("prod", "--json", "--timeout", "20", env={"HOW": "hang-a"})
    assert done.err.count("a replica of web failed, and the release goes on") == 1
    assert "max_failure_ratio allows that" not in done.err  # as the last look would say, had it waited
    assert sorted(each["ready"] for each in done.json["services"]) == [False, True, True]
    assert running(shop) == {done.json["release"]: 3}
    assert first not in running(shop)


@pytest.mark.nightly
def test_pause_stops_halfway_and_a_rollback_ends_it(shop: Project) -> None:
    first = given(shop, parallelism=2, failure_action="pause")
    paused = shop.invoke("prod", "--json", env={"HOW": "one-a"})
    assert paused.code == 7, paused.err
    error = paused.json["error"]
    assert "is paused at web" in error["message"]
    assert error["next"].startswith("invoke rollback\n")
    assert running(shop)[first] == 2
    assert running(shop).total() == 3
    assert shop.ok("audit", "--json").json["changes"][-1]["result"] == "paused"
    assert shop.ok("rollback", "--json").json["release"] == first
    assert running(shop) == {first: 3}


@pytest.mark.nightly
def test_continue_goes_on_and_keeps_what_has_nothing_new(shop: Project) -> None:
    first = given(shop, failure_action="continue")
    failed = shop.invoke("prod", "--json", env={"HOW": "all"})
    assert failed.code == 7, failed.err
    assert "the old ones stay" in failed.json["error"]["message"]
    assert running(shop) == {first: 3}
    assert shop.ok("prod", "--json", env={"HOW": "one-a"}).json["status"] == "healthy"  # it is tried again
    assert first not in running(shop)


@pytest.mark.nightly
def test_stop_first_in_turn_waits_between_groups_and_goes_back(shop: Project) -> None:
    first = given(shop, order="stop-first", parallelism=1, delay="1s")
    planned = shop.ok("prod", "--plan", "--json", env={"LOOK": "other"}).json["services"]
    assert [(each["action"], each["gap"]) for each in planned] == [("replaced", False)]
    second = shop.ok("prod", "--json", env={"LOOK": "other"}).json["release"]
    assert running(shop) == {second: 3}
    started = sorted(each.started for each in shop.containers() if each.started)
    assert all(after - before >= timedelta(seconds=1) for before, after in pairwise(started))
    failed = shop.invoke("prod", "--json", env={"LOOK": "other", "HOW": "one-a"})
    assert failed.code == 8, failed.err
    assert running(shop) == {second: 3}
    assert first not in running(shop)


@pytest.mark.nightly
def test_what_does_not_stay_ready_for_monitor_never_serves(shop: Project) -> None:
    given(shop, monitor="5s")
    before = {each.id for each in shop.containers()}
    failed = shop.invoke("prod", "--json", env={"HOW": "late"})
    assert failed.code == 8, failed.err
    assert {each.id for each in shop.containers() if each.state == "running"} == before
