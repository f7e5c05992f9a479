"""The tasks of Swarm as containers: of each place the newest one, with what became of those before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.replicas import container
from upready.runtime.docker import inspection
from upready.runtime.interface import Container
from upready.runtime.swarm.task_state import elsewhere, has_failed, joined
from upready.runtime.swarm.tasks import Cluster
from upready.support import times

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
    found = cluster.failed("web", times.moment("2026-11-28T00:00:03Z"))
    assert [each.id for each in found] == ["t5"]


def test_a_service_that_ended_with_0_has_failed_too_but_a_job_has_not() -> None:
    done = task("complete", 5, wanted="shutdown")
    job = task("complete", 6, wanted="complete", JobIteration={"Index": 1})
    since = times.moment("2026-11-28T00:00:03Z")
    for tasks, expected in (([done, task("running", 7)], ["t5"]), ([job], [])):
        found = Cluster({"s1": SERVICE}, tasks, {"n1": "alpha"}, {}).failed("web", since)
        assert [each.id for each in found] == expected


ENDED = {
    "Id": "c1",
    "Name": "/shop_web.1.t1",
    "Image": "sha256:2",
    "Created": "2026-11-28T00:00:01Z",
    "Config": {"Labels": {}, "Image": "shop"},
    "HostConfig": {"RestartPolicy": {}},
    "NetworkSettings": {"Ports": {}},
    "State": {
        "Status": "exited",
        "ExitCode": 0,
        "OOMKilled": False,
        "StartedAt": "2026-11-28T00:00:01Z",
        "FinishedAt": "2026-11-28T00:00:09Z",
        "Health": {"Status": "unhealthy", "Log": [{"Start": "", "ExitCode": 1, "Output": "503"}]},
    },
}
"""What its node's engine tells of a container whose program ended with 0 when Swarm ended it as unhealthy."""


def test_what_swarm_ended_as_unhealthy_is_so_although_its_program_ended_with_0() -> None:
    ended = {"ContainerStatus": {"ContainerID": "c1", "ExitCode": 0}}
    tasks = [task("complete", 1, wanted="shutdown", status=ended), task("ready", 2, wanted="ready")]
    # Given: a container on the manager's own node. Then: its engine tells
    (here,) = Cluster({"s1": SERVICE}, tasks, {"n1": "alpha"}, {"c1": ENDED}).containers()
    assert (here.state, here.health, here.exit_code) == ("starting", "unhealthy", None)
    # Given: one on another node. Then: only what that node's engine tells is enough to know
    (away,) = seen(*tasks)
    assert (away.state, away.exit_code) == ("restarting", 0)
    whole = joined(away, inspection.container(ENDED))
    assert (whole.state, whole.health, whole.exit_code) == ("starting", "unhealthy", None)
    assert (whole.probes, whole.image_id, elsewhere(whole)) == (((1, "503"),), "sha256:2", True)


def test_a_job_that_is_done_is_not_unhealthy_whatever_its_health_check_said() -> None:
    ended = {"ContainerStatus": {"ContainerID": "c1", "ExitCode": 0}}
    done = task("complete", 1, wanted="complete", status=ended, JobIteration={"Index": 1})
    (found,) = Cluster({"s1": SERVICE}, [done], {"n1": "alpha"}, {"c1": ENDED}).containers()
    assert (found.state, found.exit_code) == ("exited", 0)


def test_a_program_that_failed_by_itself_has_exited_although_its_health_check_had_failed() -> None:
    failed = {"Err": "task: non-zero exit (3)", "ContainerStatus": {"ContainerID": "c1", "ExitCode": 3}}
    (away,) = seen(task("failed", 1, wanted="shutdown", status=failed))
    assert joined(away, inspection.container(ENDED)).state == "exited"


@pytest.mark.parametrize("state", ["running", "starting", "preparing", "shutdown", "orphaned"])
def test_what_nobody_wants_any_more_is_no_replica_although_its_node_does_not_answer(state: str) -> None:
    everywhere = {**SERVICE, "Spec": {**SERVICE["Spec"], "Mode": {"Global": {}}}}
    lost = task(state, 2, slot=0, wanted="shutdown", NodeID="n2")
    found = seen(task("running", 1, slot=0), lost, service=everywhere)
    assert [each.node for each in found] == ["alpha"]


REFUSED = {"Err": "starting container failed: port is already allocated", "ContainerStatus": {"ContainerID": "c1"}}


def test_a_container_that_could_not_be_started_says_why() -> None:
    (found,) = seen(task("failed", 1, wanted="shutdown", status=REFUSED))
    assert (found.state, found.error) == ("exited", REFUSED["Err"])
    # Once, another node or another moment may do.
    first = task("failed", 1, wanted="shutdown", status=REFUSED)
    (found,) = seen(first, task("ready", 2, wanted="ready"))
    assert (found.state, found.error, found.restarts) == ("restarting", "", 1)
    second = task("failed", 2, wanted="shutdown", status=REFUSED)
    (found,) = seen(first, second, task("ready", 3, wanted="ready"))
    assert (found.state, found.error, found.restarts) == ("exited", REFUSED["Err"], 2)


def test_a_place_of_before_a_scaling_down_is_no_replica_whatever_failed_there() -> None:
    failed = task("failed", 1, slot=2, wanted="shutdown", status={"Err": "task: non-zero exit (1)"})
    gone = task("shutdown", 2, slot=2, wanted="remove")
    assert [each.replica for each in seen(task("running", 3), failed, gone)] == [1]
    # Of a service that is not restarted, the last one that failed is told.
    older = task("failed", 1, slot=3, wanted="shutdown")
    assert [each.replica for each in seen(older, {**failed, "CreatedAt": "2026-11-28T00:00:04Z"})] == [2]
    none = {**SERVICE, "Spec": {**SERVICE["Spec"], "Mode": {"Replicated": {"Replicas": 0}}}}
    assert seen(failed, service=none) == []


def test_what_failed_long_ago_says_nothing_of_a_place_that_waits_now() -> None:
    failed = task("failed", 1, wanted="shutdown", status={"Err": "task: non-zero exit (1)"})
    drained = task("shutdown", 2, wanted="shutdown")
    (found,) = seen(failed, drained, task("preparing", 3))
    assert (found.id, found.state, found.exit_code) == ("t3", "created", None)
    # Also one that failed just now: that no node takes the next one is what is to be mended.
    nowhere = {"Err": "no suitable node (scheduling constraints not satisfied on 1 node)"}
    rejected = task("rejected", 1, wanted="shutdown", status={"Err": "No such image: nowhere"})
    (found,) = seen(rejected, task("pending", 2, status=nowhere))
    assert (found.id, found.state, found.error) == ("t2", "created", nowhere["Err"])


def test_a_run_on_another_node_lasted_from_its_making_to_its_end() -> None:
    ended = {"ContainerStatus": {"ContainerID": "c1", "ExitCode": 1}, "Timestamp": "2026-11-28T00:00:09Z"}
    (found,) = seen(task("failed", 1, wanted="shutdown", status={**ended, "Err": "task: non-zero exit (1)"}))
    assert found.started is not None
    assert found.finished is not None
    assert (found.finished - found.started).total_seconds() == pytest.approx(7.9, abs=0.1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"state": "exited", "exit_code": 1}, True),
        ({"state": "exited", "exit_code": 0}, False),
        ({"state": "created", "error": "No such image"}, True),
        ({"state": "created"}, False),
        ({"state": "starting", "health": "unhealthy"}, True),
        ({"state": "starting", "health": "starting"}, False),
        ({"state": "running"}, False),
        ({"state": "exited", "exit_code": 1, "restart_policy": "on-failure"}, False),
    ],
)
def test_what_has_failed_for_good(given: dict[str, Any], expected: bool) -> None:
    assert has_failed(container(**{"restart_policy": "no", "health": "", **given})) is expected
