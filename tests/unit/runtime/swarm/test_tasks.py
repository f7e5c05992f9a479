"""The tasks of Swarm as containers: of each place the newest one, with what became of those before."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.interface import Container
from upready.runtime.swarm.tasks import Cluster

LABELS = {"com.docker.compose.service": "web", "com.docker.stack.namespace": "shop", "upready.environment": "prod"}
SERVICE = {"ID": "s1", "Spec": {"Name": "shop_web", "Labels": LABELS, "Mode": {"Replicated": {"Replicas": 1}}}}
SPEC = {"ContainerSpec": {"Image": "sha256:1", "Healthcheck": {"Test": ["CMD", "true"]}}}


def task(state: str, at: int, slot: int = 1, **more: Any) -> dict[str, Any]:
    """A task that was made in some second."""
    moment = f"2026-11-28T00:00:{at:02}.123456789Z"
    status = {"State": state, "Timestamp": moment, **more.pop("status", {})}
    wanted = more.pop("wanted", "running")
    return {
        "ID": f"t{at}",
        "ServiceID": "s1",
        "Slot": slot,
        "NodeID": "n1",
        "CreatedAt": moment,
        "Spec": SPEC,
        "Status": status,
        "DesiredState": wanted,
        **more,
    }


def seen(*tasks: dict[str, Any], service: dict[str, Any] = SERVICE) -> list[Container]:
    return Cluster({"s1": service}, tasks, {"n1": "alpha"}, {}).containers()


def test_a_task_of_another_node_is_told_by_what_the_manager_knows() -> None:
    ports = {"PortStatus": {"Ports": [{"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080}]}}
    (found,) = seen(task("running", 1, status={"ContainerStatus": {"ContainerID": "c1"}, **ports}))
    assert (found.id, found.name, found.service, found.replica) == ("c1", "shop_web.1", "web", 1)
    assert (found.state, found.health, found.node) == ("running", "healthy", "alpha")
    assert found.ports == (("0.0.0.0", 8080, "tcp", 80),)
    assert found.environment == "prod"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("new", "created"), ("pending", "created"), ("preparing", "created"), ("starting", "starting")],
)
def test_a_task_is_not_running_before_its_health_check_has_passed(state: str, expected: str) -> None:
    (found,) = seen(task(state, 1))
    assert found.state == expected


def test_a_task_that_finds_no_node_says_why() -> None:
    (found,) = seen(task("pending", 1, status={"Err": "no suitable node (insufficient resources on 1 node)"}))
    assert (found.state, found.error) == ("created", "no suitable node (insufficient resources on 1 node)")


def test_a_task_that_was_refused_says_why_although_another_one_is_tried() -> None:
    refused = task("rejected", 1, wanted="shutdown", status={"Err": "No such image: nowhere"})
    (found,) = seen(refused, task("preparing", 2))
    assert (found.state, found.error, found.restarts) == ("created", "No such image: nowhere", 1)


def test_a_program_that_ends_again_and_again_is_restarting_with_its_exit_code() -> None:
    ended = {"Err": "task: non-zero exit (3)", "ContainerStatus": {"ContainerID": "c1", "ExitCode": 3}}
    first, second = (task("failed", at, wanted="shutdown", status=ended) for at in (1, 2))
    (found,) = seen(first, second, task("ready", 3, wanted="ready"))
    assert (found.state, found.exit_code, found.restarts, found.error) == ("restarting", 3, 2, "")


def test_failures_that_swarm_has_forgotten_are_still_counted() -> None:
    cluster = {"services": {"s1": SERVICE}, "nodes": {"n1": "alpha"}, "held": {}}
    known: dict[tuple[str, int], set[str]] = {}
    for first in (1, 4):
        tasks = [task("failed", at, wanted="shutdown") for at in range(first, first + 3)]
        (found,) = Cluster(tasks=[*tasks, task("running", first + 3)], seen=known, **cluster).containers()
    assert found.restarts == 6


def test_a_task_that_swarm_ended_for_its_health_check_is_unhealthy_not_exited() -> None:
    ended = {"Err": "task: non-zero exit (143): dockerexec: unhealthy container"}
    code = {"ContainerStatus": {"ContainerID": "c", "ExitCode": 143}}
    sick = task("failed", 1, wanted="shutdown", status={**ended, **code})
    (found,) = seen(sick, task("ready", 2, wanted="ready"))
    assert (found.state, found.health, found.exit_code) == ("starting", "unhealthy", None)


def test_a_service_that_is_not_restarted_has_exited() -> None:
    status = {"Err": "task: non-zero exit (3)", "ContainerStatus": {"ContainerID": "c1", "ExitCode": 3}}
    (found,) = seen(task("failed", 1, wanted="shutdown", status=status))
    assert (found.state, found.exit_code, found.restart_policy) == ("exited", 3, "no")


def test_a_job_that_is_done_has_exited_with_0_and_only_its_last_run_counts() -> None:
    done = {"ContainerStatus": {"ContainerID": "c1", "ExitCode": 0}}
    first = task("failed", 1, wanted="complete", JobIteration={"Index": 1})
    (found,) = seen(first, task("complete", 2, wanted="complete", status=done, JobIteration={"Index": 2}))
    assert (found.state, found.exit_code, found.restarts) == ("exited", 0, 0)


def test_a_place_that_swarm_needs_no_more_is_no_replica() -> None:
    found = seen(task("running", 1), task("shutdown", 2, slot=2, wanted="shutdown"))
    assert [each.replica for each in found] == [1]


def test_what_serves_again_after_an_update_went_back_is_older_than_what_failed() -> None:
    status = {"Err": "task: non-zero exit (1)", "ContainerStatus": {"ContainerID": "c2", "ExitCode": 1}}
    sick = {**SPEC, "ContainerSpec": {**SPEC["ContainerSpec"], "Env": ["HOW=exits"]}}
    failed = task("failed", 2, wanted="shutdown", status=status, Spec=sick)
    (found,) = seen(task("running", 1), failed, task("shutdown", 3, wanted="shutdown", Spec=sick))
    assert (found.id, found.state, found.restarts) == ("t1", "running", 0)


def test_a_service_on_every_node_has_a_replica_for_each() -> None:
    found = seen(task("running", 1, slot=0), task("running", 2, slot=0, NodeID="n2"))
    assert [(each.replica, each.node) for each in found] == [(1, "alpha"), (2, "")]


def test_the_tasks_that_failed_since_a_moment_are_found_although_the_old_version_is_back() -> None:
    bad = task("failed", 5, wanted="shutdown", status={"Err": "task: non-zero exit (1)"})
    cluster = Cluster({"s1": SERVICE}, [task("failed", 1), bad, task("running", 6)], {"n1": "alpha"}, {})
    from upready.support import times

    found = cluster.failed("web", times.moment("2026-11-28T00:00:03Z"))
    assert [each.id for each in found] == ["t5"]
