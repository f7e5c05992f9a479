"""The judgement of one replica, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.replicas import answer, container, service
from upready.readiness import verdict as judgement
from upready.readiness.health import Health, Verdict
from upready.readiness.verdict import Observation
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.stack.service import Port

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOOPS = {"restart_policy": "always", "restarts": 3, "created": NOW, "started": NOW + timedelta(seconds=30)}
"""Each of its runs has lasted 10 s."""
ENDED = {"state": "exited", "exit_code": 0}


@pytest.mark.parametrize(
    ("entry", "given", "seen", "verdict", "cause", "words"),
    [
        # Not created, or not started.
        ({}, None, {}, "waiting", "missing", "is not started yet"),
        ({}, None, {"removed": True}, "failed", "removed", "was removed while it was waited for"),
        ({}, {"state": "created"}, {}, "waiting", "created", "waits to be started"),
        ({}, {"state": "created", "error": "port taken"}, {}, "failed", "start", "could not start: port taken"),
        (
            {},
            {"state": "created", "error": "port taken"},
            {"ended_before": True},
            "waiting",
            "created",
            "waits to be started",
        ),
        ({}, {"state": "paused"}, {}, "waiting", "paused", "is paused"),
        # Ended.
        ({}, {"state": "exited", "exit_code": 0}, {}, "ready", "done", "is done"),
        ({}, {"state": "exited", "exit_code": 3}, {}, "failed", "exited", "exited with code 3"),
        ({}, {"state": "exited", "exit_code": 3}, {"ended_before": True}, "waiting", "created", "waits to be started"),
        (
            {},
            {"state": "exited", "exit_code": 137, "oom_killed": True},
            {},
            "failed",
            "oom",
            "ran out of memory and was killed (OOM)",
        ),
        ({"probe": True}, {"state": "exited", "exit_code": 0}, {}, "failed", "exited", "exited with code 0"),
        # A job has the health check of the image that it shares with a service; with a probe, it is meant to go on.
        ({}, {"state": "exited", "exit_code": 0, "health": "unhealthy"}, {}, "ready", "done", "is done"),
        ({"probe": True}, {"state": "exited", "exit_code": 0}, {"awaited": True}, "ready", "done", "is done"),
        # A health check of its own says that it is meant to go on, also before it has passed: somebody stopped it.
        (
            {"healthcheck": {"test": ["CMD", "true"]}},
            {"state": "exited", "exit_code": 0, "health": "starting"},
            {},
            "failed",
            "exited",
            "exited with code 0",
        ),
        (
            {"healthcheck": {"test": ["CMD", "true"]}},
            {"state": "exited", "exit_code": 0, "restart_policy": "on-failure"},
            {},
            "failed",
            "exited",
            "exited with code 0",
        ),
        (
            {"healthcheck": {"test": ["CMD", "true"]}},
            {"state": "exited", "exit_code": 143},
            {},
            "failed",
            "exited",
            "exited with code 143",
        ),
        ({"healthcheck": {"test": ["CMD", "true"]}}, ENDED, {"awaited": True}, "ready", "done", "is done"),
        # One that is off is none, and one without a command is the image's; a job is one by its mode, too.
        ({"healthcheck": {"disable": True}}, ENDED, {}, "ready", "done", "is done"),
        ({"healthcheck": {"test": ["CMD", "true"], "disable": True}}, ENDED, {}, "ready", "done", "is done"),
        ({"healthcheck": {"test": ["NONE"]}}, ENDED, {}, "ready", "done", "is done"),
        ({"healthcheck": {"interval": "5s"}}, ENDED, {}, "ready", "done", "is done"),
        (
            {"healthcheck": {"test": ["CMD", "true"]}, "deploy": {"mode": "replicated-job"}},
            ENDED,
            {},
            "ready",
            "done",
            "is done",
        ),
        # For the health of a job nobody waits; nor is it served by the edge, or published, at whatever port.
        ({}, {"state": "exited", "exit_code": 0}, {"needed": True}, "failed", "exited", "exited with code 0"),
        (
            {"ports": [{"target": 80}]},
            {"state": "exited", "exit_code": 0},
            {},
            "failed",
            "exited",
            "exited with code 0",
        ),
        ({"edge": "/"}, {"state": "exited", "exit_code": 0}, {}, "failed", "exited", "exited with code 0"),
        # Whatever has served is meant to go on: somebody stopped it.
        (
            {},
            {"state": "exited", "exit_code": 0, "health": "unhealthy", "probes": ((0, "ok"), (1, "stopping"))},
            {},
            "failed",
            "exited",
            "exited with code 0",
        ),
        (
            {},
            {"state": "exited", "exit_code": 0, "probes": ((1, "not yet"),)},
            {},
            "ready",
            "done",
            "is done",
        ),
        (
            {"published": (Port("127.0.0.1", 5433, "tcp", 5432),)},
            {"state": "exited", "exit_code": 0},
            {},
            "failed",
            "exited",
            "exited with code 0",
        ),
        (
            {"ranges": (Port("", 8000, "tcp", 80, 8010),)},
            {"state": "exited", "exit_code": 0, "restart_policy": "on-failure"},
            {},
            "failed",
            "exited",
            "exited with code 0",
        ),
        (
            {},
            {"state": "exited", "exit_code": 0, "restart_policy": "always"},
            {},
            "waiting",
            "restarting",
            "was stopped: it exited with code 0",
        ),
        (
            {},
            {"state": "exited", "exit_code": 1, "restart_policy": "on-failure"},
            {},
            "waiting",
            "restarting",
            "was stopped: it exited with code 1",
        ),
        ({}, {"state": "exited", "exit_code": 0, "restart_policy": "on-failure"}, {}, "ready", "done", "is done"),
        (
            {},
            {"state": "exited", "exit_code": 1, "restart_policy": "on-failure", "retries": 2, "restarts": 2},
            {},
            "failed",
            "exited",
            "exited with code 1",
        ),
        (
            {},
            {"state": "restarting", "exit_code": 1, "restart_policy": "always", "restarts": 3},
            {},
            "waiting",
            "restarting",
            "exited with code 1 and will be restarted (restarted 3 times)",
        ),
        (
            {},
            {"state": "restarting", "exit_code": 137},
            {"oom_kills": 2},
            "failed",
            "oom",
            "ran out of memory twice and was killed (OOM)",
        ),
        ({}, {"state": "running"}, {"oom_kills": 2}, "failed", "oom", "ran out of memory twice and was killed (OOM)"),
        ({}, {"state": "dead", "exit_code": 1}, {}, "failed", "exited", "exited with code 1"),
        (
            {},
            {"state": "exited", "exit_code": 1, "error": "no device"},
            {},
            "failed",
            "start",
            "could not start: no device",
        ),
        (
            {},
            {"state": "exited", "exit_code": 0, "restart_policy": "unless-stopped"},
            {},
            "waiting",
            "restarting",
            "was stopped: it exited with code 0",
        ),
        (
            {},
            {"state": "exited", "exit_code": 1, "restart_policy": "on-failure", "retries": 1, "restarts": 1},
            {},
            "failed",
            "exited",
            "exited with code 1",
        ),
        # A runtime without an engine tells of a service that is not ready yet by its state.
        (
            {},
            {"state": "starting", "probes": ((1, "no table"),)},
            {},
            "waiting",
            "starting",
            "is not ready yet: no table",
        ),
        (
            {},
            {"state": "starting", "health": "unhealthy", "restarts": 1, "restart_policy": "always"},
            {},
            "waiting",
            "starting",
            "is not ready yet: its health check has not run yet",
        ),
        # Nobody starts it again.
        (
            {},
            {"state": "starting", "health": "unhealthy", "restart_policy": "no", "probes": ((1, "no table"),)},
            {},
            "failed",
            "unhealthy",
            "is unhealthy: no table",
        ),
        (
            {},
            {"state": "starting", "health": "starting", "restart_policy": "always"},
            {"permanent": ("password", "gives a wrong password")},
            "failed",
            "password",
            "gives a wrong password",
        ),
        (
            {},
            {"state": "starting", "health": "starting", "restarts": 2},
            {},
            "waiting",
            "starting",
            "is not ready yet: its health check has not run yet",
        ),
        (
            {},
            {"state": "running", "health": "unhealthy", "restarts": 2},
            {},
            "waiting",
            "unhealthy",
            "is unhealthy: its health check has not run yet (restarted twice)",
        ),
        (
            {},
            {
                "state": "starting",
                "health": "unhealthy",
                "restarts": 2,
                "restart_policy": "always",
                "probes": ((1, "no table"),),
            },
            {},
            "failed",
            "unhealthy",
            "is unhealthy: no table",
        ),
        # What this machine has asked is newer than the engine's health check.
        (
            {"probe": True},
            {"state": "starting", "health": "starting", "probes": ((1, "no table"),)},
            {"answer": answer(error="HTTP 503"), "probed": True},
            "waiting",
            "starting",
            "is not ready yet: HTTP 503",
        ),
        (
            {"probe": True},
            {"state": "starting", "health": "unhealthy", "restart_policy": "no", "probes": ((1, "no table"),)},
            {"answer": answer(error="HTTP 503"), "probed": True},
            "failed",
            "unhealthy",
            "is unhealthy: HTTP 503",
        ),
        (
            {"probe": True},
            {"health": "unhealthy", "probes": ((1, "no table"),)},
            {"answer": answer(error="HTTP 503"), "probed": True},
            "waiting",
            "unhealthy",
            "is unhealthy: HTTP 503",
        ),
        # Running, with a probe.
        ({"probe": True}, {}, {"answer": answer(""), "probed": True}, "ready", "answers", "answers"),
        (
            {"probe": True},
            {"health": "unhealthy"},
            {"probed": True},
            "waiting",
            "unhealthy",
            "is unhealthy: its health check has not run yet",
        ),
        ({"probe": True}, {}, {"answer": answer(), "probed": True}, "ready", "answers", "answers: healthy"),
        ({"probe": True}, {}, {"answer": answer("degraded"), "probed": True}, "ready", "answers", "answers: degraded"),
        (
            {"probe": True},
            {},
            {"answer": answer(error="HTTP 503"), "probed": True},
            "waiting",
            "starting",
            "is not ready yet: HTTP 503",
        ),
        (
            {"probe": True},
            {},
            {"probed": True, "age": 99.0},
            "waiting",
            "starting",
            "is not ready yet: its probe has not run yet",
        ),
        # The engine's word may be a minute old.
        (
            {"probe": True},
            {"health": "healthy"},
            {"probed": True},
            "waiting",
            "starting",
            "is not ready yet: its probe has not run yet",
        ),
        (
            {"probe": True},
            {"health": "healthy"},
            {"answer": answer(error="HTTP 503"), "probed": True},
            "waiting",
            "starting",
            "is not ready yet: HTTP 503",
        ),
        # The probe spoke first.
        (
            {"probe": True},
            {"health": "starting"},
            {"answer": answer(), "probed": True},
            "ready",
            "answers",
            "answers: healthy",
        ),
        # An engine elsewhere: nobody can be asked from here.
        ({"probe": True}, {}, {"age": 1.0}, "waiting", "stabilising", "runs for 1.0 s; stable after 2 s"),
        ({"probe": True}, {}, {"age": 3.0}, "ready", "runs", "runs"),
        # Running, with a health check.
        ({}, {"health": "healthy"}, {}, "ready", "healthy", "is healthy"),
        (
            {},
            {"health": "starting"},
            {"age": 99.0},
            "waiting",
            "starting",
            "is not ready yet: its health check has not run yet",
        ),
        (
            {},
            {"health": "starting", "probes": ((1, "no\nsuch table\n"),)},
            {},
            "waiting",
            "starting",
            "is not ready yet: such table",
        ),
        (
            {},
            {"health": "unhealthy", "probes": ((3, ""),)},
            {},
            "waiting",
            "unhealthy",
            "is unhealthy: its health check exits with 3",
        ),
        (
            {},
            {"health": "unhealthy", "restarts": 1},
            {},
            "waiting",
            "unhealthy",
            "is unhealthy: its health check has not run yet (restarted once)",
        ),
        (
            {},
            {"health": "unhealthy"},
            {"unhealthy_for": 4.9},
            "waiting",
            "unhealthy",
            "is unhealthy: its health check has not run yet",
        ),
        (
            {},
            {"health": "unhealthy"},
            {"unhealthy_for": 5.0},
            "failed",
            "unhealthy",
            "is unhealthy: its health check has not run yet",
        ),
        ({}, {"health": "starting"}, {"check": 0}, "ready", "healthy", "is healthy"),
        (
            {},
            {"health": "starting"},
            {"check": 3},
            "waiting",
            "starting",
            "is not ready yet: its health check exits with 3",
        ),
        (
            {},
            {"health": "starting"},
            {"check": -1},
            "waiting",
            "starting",
            "is not ready yet: its health check takes too long",
        ),
        (
            {"probe": True},
            {"health": "starting"},
            {"check": 0, "probed": True},
            "waiting",
            "starting",
            "is not ready yet: its probe has not run yet",
        ),
        (
            {},
            {"health": "starting"},
            {"check": 1},
            "waiting",
            "starting",
            "is not ready yet: its health check exits with 1",
        ),
        (
            {},
            {"health": "starting", "probes": ((1, "first\nlast\n"),)},
            {},
            "waiting",
            "starting",
            "is not ready yet: last",
        ),
        # What was refused, or will never be.
        ({}, None, {"refused": "no such device"}, "failed", "start", "could not be started: no such device"),
        ({}, {"health": "healthy"}, {"refused": "hook failed"}, "failed", "start", "could not be started: hook failed"),
        ({}, {}, {"permanent": ("source", "SyntaxError")}, "failed", "source", "SyntaxError"),
        ({}, {"health": "healthy"}, {"permanent": ("source", "SyntaxError")}, "ready", "healthy", "is healthy"),
        (
            {},
            {"state": "restarting", "exit_code": 1, "restart_policy": "always"},
            {"permanent": ("restarting", "again and again")},
            "failed",
            "restarting",
            "again and again",
        ),
        # Running, with neither.
        ({}, {}, {"age": 1.0}, "waiting", "stabilising", "runs for 1.0 s; stable after 2 s"),
        ({}, {}, {"age": 2.1}, "waiting", "stabilising", "runs for 2.1 s; stable after 2 s"),
        ({}, {}, {"age": 2.6}, "ready", "runs", "runs"),
        ({"stable": 10}, {}, {"age": 9.0}, "waiting", "stabilising", "runs for 9.0 s; stable after 10 s"),
        ({"stable": 0}, {}, {"age": 0.6}, "ready", "runs", "runs"),
        # What the engine restarts may be a crash loop: it has to run for longer.
        (
            {},
            {"restart_policy": "always"},
            {"age": 11.0},
            "waiting",
            "stabilising",
            "runs for 11.0 s; stable after 12 s",
        ),
        ({}, {"restart_policy": "always"}, {"age": 12.5}, "ready", "runs", "runs"),
        ({"stable": 2}, {"restart_policy": "always"}, {"age": 2.6}, "ready", "runs", "runs"),
        (
            {"stable": 2},
            LOOPS,
            {"age": 19.0},
            "waiting",
            "stabilising",
            "runs for 19.0 s; stable after 20 s (restarted 3 times)",
        ),
        ({"stable": 2}, LOOPS, {"age": 20.5}, "ready", "runs", "runs"),
        (
            {},
            {**LOOPS, "health": "healthy"},
            {"age": 19.0},
            "waiting",
            "restarting",
            "was restarted 3 times, and runs for 19.0 s only",
        ),
        ({}, {**LOOPS, "health": "healthy"}, {"age": 20.0}, "ready", "healthy", "is healthy"),
        # Without the times of an engine, nothing is known of its earlier runs.
        ({}, {**LOOPS, "created": None, "health": "healthy"}, {"age": 1.0}, "ready", "healthy", "is healthy"),
        ({}, {**LOOPS, "started": None, "health": "healthy"}, {"age": 1.0}, "ready", "healthy", "is healthy"),
        ({}, {**LOOPS, "restarts": 2, "health": "healthy"}, {"age": 1.0}, "ready", "healthy", "is healthy"),
    ],
)
def test_rules(
    entry: dict[str, Any],
    given: dict[str, Any] | None,
    seen: dict[str, Any],
    verdict: str,
    cause: str,
    words: str,
) -> None:
    one = None if given is None else container(**given)
    judged = judgement.judge(service(**entry), one, Observation(**seen))
    assert judged == (verdict, words, cause)


def test_missing_replicas_are_told() -> None:
    found = judgement.assess([service(replicas=3)], [container()], lambda _, __: Observation(age=9.0))
    assert [(each.name, each.cause) for each in found] == [("web", "runs"), ("web-2", "missing"), ("web-3", "missing")]


def test_what_is_told_of_a_replica_is_what_was_seen_of_it() -> None:
    there, said = container(), answer(error="HTTP 503")
    (found,) = judgement.assess([service(probe=True)], [there], lambda _, __: Observation(answer=said, probed=True))
    assert found == Health("web", 1, there, said, Verdict.WAITING, "is not ready yet: HTTP 503", "starting")


def test_replicas_are_told_in_their_order() -> None:
    there = [container(id=f"web{number}", replica=number) for number in (3, 1, 2)]
    found = judgement.assess([service(replicas=5)], there, lambda _, __: Observation(age=9.0))
    assert [each.name for each in found] == ["web", "web-2", "web-3", "web-4", "web-5"]


def test_replicas_that_are_all_missing_are_numbered_from_1() -> None:
    found = judgement.assess([service(replicas=2)], [], lambda _, __: Observation())
    assert [(each.service, each.replica) for each in found] == [("web", 1), ("web", 2)]


def test_the_replica_that_is_missing_is_named_by_its_number() -> None:
    there = [container(id=f"web{number}", replica=number) for number in (1, 3)]
    found = judgement.assess([service(replicas=3)], there, lambda _, __: Observation(age=9.0))
    assert [(each.name, each.cause) for each in found] == [("web", "runs"), ("web-2", "missing"), ("web-3", "runs")]


def test_each_replica_is_looked_at_with_its_service_also_one_that_is_not_there() -> None:
    seen: list[tuple[str, str]] = []

    def look(asked: Service, there: Container | None) -> Observation:
        seen.append((asked.name, there.id if there else ""))
        return Observation(removed=there is None, age=9.0)

    there = [container(id="web1"), container(id="db1", service="db")]
    found = judgement.assess([service(replicas=2), service("db")], there, look)
    assert seen == [("web", "web1"), ("web", ""), ("db", "db1")]
    assert [each.cause for each in found] == ["runs", "removed", "runs"]


def test_who_waits_for_the_end_of_a_service_makes_its_end_a_success() -> None:
    ended = container(state="exited", exit_code=0)
    other = service("other", depends_on={"web": "service_completed_successfully"})
    for services, cause in (([service(probe=True)], "exited"), ([service(probe=True), other], "done")):
        assert judgement.assess(services, [ended], lambda _, __: Observation())[0].cause == cause


def test_who_waits_for_the_health_of_a_service_makes_its_end_a_failure() -> None:
    ended = container(state="exited", exit_code=0)
    for condition, cause in (("service_healthy", "exited"), ("service_started", "done")):
        services = [service(), service("other", depends_on={"web": condition})]
        assert judgement.assess(services, [ended], lambda _, __: Observation())[0].cause == cause


@pytest.mark.parametrize(
    ("entry", "condition", "cause"),
    [
        ({"probe": True}, "service_completed_successfully", "done"),
        ({}, "service_healthy", "exited"),
        ({}, "service_started", "done"),
    ],
)
def test_who_waits_counts_also_where_a_service_is_looked_at_alone(
    entry: dict[str, Any], condition: str, cause: str
) -> None:
    alone = replace(service(**entry), waited_for=frozenset({condition}))
    ended = container(state="exited", exit_code=0)
    assert judgement.assess([alone], [ended], lambda _, __: Observation())[0].cause == cause


def test_a_health_check_that_another_service_has_too_does_not_tell_that_it_goes_on() -> None:
    checked = service(healthcheck={"test": ["CMD", "true"]})
    ended = container(state="exited", exit_code=0)
    told = [
        judgement.assess([replace(checked, shares_check=shared)], [ended], lambda _, __: Observation())[0].cause
        for shared in (False, True)
    ]
    assert told == ["exited", "done"]


def test_age_is_told_by_the_start() -> None:
    started = datetime.now(UTC) - timedelta(seconds=90)
    assert 89 < judgement.age(container(started=started)) < 95
    assert judgement.age(container(started=None)) == 0
