"""What compose or the engine refuses is told in their own words, of the service it is about, with a step that helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import PYTHON, Scene, python, shell
from upready.runtime.docker.engine import answering
from upready.support.errors import OpsError, StartError, UsageError

pytestmark = pytest.mark.engine

RUNS: dict[str, Any] = {"image": PYTHON, "init": True, "command": ["sleep", "600"]}
LATE = {"healthcheck": {"test": ["CMD", "false"], "interval": "30s", "start_period": "60s"}}
"""A health check that never passes."""

TABLE: dict[str, tuple[dict[str, Any], dict[str, Any], str, type[OpsError], str, str]] = {
    # name: (what the service adds, what the file adds, cause, kind, words of the error, words of the next step)
    "external network": (
        {"networks": ["shared"]},
        {"networks": {"shared": {"external": True, "name": "nowhere-to-be-found"}}},
        "network",
        StartError,
        "network nowhere-to-be-found declared as external, but could not be found",
        "docker network create nowhere-to-be-found",
    ),
    "external volume": (
        {"volumes": ["data:/data"]},
        {"volumes": {"data": {"external": True, "name": "nowhere-to-be-found"}}},
        "volume",
        StartError,
        'external volume "nowhere-to-be-found" not found',
        "docker volume create nowhere-to-be-found",
    ),
    "external secret": (
        {"secrets": ["token"]},
        {"secrets": {"token": {"external": True}}},
        "start",
        UsageError,
        "unsupported external secret token",
        "give token file:",
    ),
    "subnet that cannot be": (
        {"networks": ["a"]},
        {"networks": {"a": {"ipam": {"config": [{"subnet": "10.251.0.0"}]}}}},
        "network",
        UsageError,
        "invalid subnet",
        "compose.yaml:",
    ),
    "start interval": (
        {"healthcheck": {"test": ["CMD", "true"], "start_interval": "1s"}},
        {},
        "start",
        UsageError,
        "healthcheck.start_interval requires healthcheck.start_period to be set",
        "set start_period beside start_interval in compose.yaml:",
    ),
    "post_start": (
        {"post_start": [{"command": ["sh", "-c", "echo no ledger >&2; exit 3"]}]},
        {},
        "hook",
        StartError,
        "the post_start hook of app exited with status 3: no ledger",
        "correct post_start: in compose.yaml:",
    ),
    "folder that is gone": (
        {"volumes": [{"type": "bind", "source": "./x", "target": "/x", "bind": {"create_host_path": False}}]},
        {},
        "mount",
        StartError,
        "bind source path does not exist",
        "/x && invoke ",
    ),
    "file of a secret": (
        {"secrets": ["token"]},
        {"secrets": {"token": {"file": "./token.txt"}}},
        "mount",
        StartError,
        "the file of secret token is missing",
        "write token.txt",
    ),
    "file of a config": (
        {"configs": ["rules"]},
        {"configs": {"rules": {"file": "./rules.txt"}}},
        "mount",
        StartError,
        "the file of config rules is missing",
        "write rules.txt",
    ),
    "volume written wrongly": (
        {"volumes": ["C:\\data:/data"]},
        {},
        "mount",
        StartError,
        "invalid volume specification",
        "in compose.yaml:",
    ),
    "capability": (
        {"cap_add": ["NOPE"]},
        {},
        "start",
        StartError,
        'unknown capability: "CAP_NOPE"',
        "take NOPE out of cap_add: in compose.yaml:",
    ),
    "CPUs": (
        {"deploy": {"resources": {"limits": {"cpus": "4096"}}}},
        {},
        "resources",
        StartError,
        "its deploy.resources.limits.cpus is 4096",
        "set deploy.resources.limits.cpus: ",
    ),
    "device": ({"devices": ["/dev/nosuch:/dev/x"]}, {}, "device", StartError, "/dev/nosuch", "out of devices: in"),
    "graphics card": ({"gpus": "all"}, {}, "device", StartError, "could not select device driver", "Toolkit"),
    "runtime": ({"runtime": "nosuch"}, {}, "device", StartError, "runtime name: nosuch", "correct runtime: in"),
    "user": (
        {"user": "nosuch"},
        {},
        "start",
        StartError,
        "unable to find user nosuch",
        "correct user: in compose.yaml:",
    ),
    "log driver's option": (
        {"logging": {"driver": "json-file", "options": {"nosuch": "1"}}},
        {},
        "start",
        StartError,
        "unknown log opt 'nosuch'",
        "logging.options: in compose.yaml:",
    ),
    "image that is only here": (
        {"pull_policy": "always"},
        {},
        "image",
        StartError,
        f"{PYTHON} is here, but pull_policy: always",
        "set pull_policy: missing in compose.yaml:",
    ),
    "image for another platform": (
        {"platform": "linux/s390x"},
        {},
        "image",
        StartError,
        "but platform: linux/s390x asks for another one",
        "docker pull --platform linux/s390x",
    ),
    "image whose registry is away": (
        {"image": "nowhere.invalid/nothing:1"},
        {},
        "image",
        StartError,
        "nowhere.invalid/nothing:1 is not here, and its registry does not answer",
        "once the registry answers",
    ),
    "name of an image": ({"image": "Nothing:1"}, {}, "image", StartError, "must be lowercase", "correct image: in"),
}


@pytest.mark.nightly(day=8)
@pytest.mark.parametrize("name", TABLE)
def test_refusal(name: str, play: Callable[..., Scene]) -> None:
    added, top, cause, kind, words, remedy = TABLE[name]
    # One that waits for it, and one that has nothing to do with it.
    scene = play({"app": {**RUNS, **added}, "after": {**RUNS, "depends_on": ["app"]}, "other": RUNS}, top=top)
    outcome = scene.wait(40)
    told = scene.explain(outcome)
    assert (told[0].service, told[0].cause) == ("app", cause), told[0].message
    error = scene.error(outcome)
    assert type(error) is kind
    assert words in error.message
    assert remedy in error.next
    assert error.next == told[0].next
    assert "is not started yet" not in error.message
    for useless in ("invoke logs", "invoke status", "invoke doctor"):
        assert useless not in error.next


def test_a_provider_that_is_not_there(play: Callable[..., Scene]) -> None:
    scene = play({"app": {"provider": {"type": "nosuch"}}, "after": {**RUNS, "depends_on": ["app"]}})
    outcome = scene.wait(40)
    # No container is a provider's, so that the error itself is the story.
    error = scene.error(outcome)
    assert isinstance(error, StartError)
    assert '"nosuch": executable' in error.message
    assert "install nosuch" in error.next
    assert error.details[-1:] == ["not started because of that: after"]


def test_what_was_not_started_because_of_it_is_told_in_one_line(play: Callable[..., Scene]) -> None:
    scene = play({"app": {**RUNS, "cap_add": ["NOPE"]}, "one": RUNS, "two": RUNS})
    outcome = scene.wait(40)
    assert [each.service for each in scene.explain(outcome)] == ["app"]
    assert scene.error(outcome).details == ["not started because of that: one, two"]


def test_subnet_that_another_network_has(play: Callable[..., Scene]) -> None:
    pool = {"ipam": {"config": [{"subnet": "10.252.0.0/16"}]}}
    scene = play({"app": {**RUNS, "networks": ["a"]}}, top={"networks": {"a": pool}})
    api: Any = scene.engine.client.api
    with answering():
        made = api.create_network(
            f"{scene.name}-foreign", ipam={"Driver": "default", "Config": [{"Subnet": "10.252.7.0/24"}]}
        )
    try:
        outcome = scene.wait(40)
        told = scene.explain(outcome)[0]
    finally:
        api.remove_network(made["Id"])
    assert told.cause == "network"
    assert "Pool overlaps with other one on this address space" in told.message
    assert f"network {scene.name}-foreign has 10.252.7.0/24" in told.evidence
    assert f"docker network rm {scene.name}-foreign" in told.next
    assert scene.error(outcome).code == 6


def test_the_error_of_this_start_is_told_not_that_of_the_one_before(play: Callable[..., Scene]) -> None:
    broken = python("raise SystemExit('no such ledger')")
    scene = play({"app": broken, "other": python("raise SystemExit('nor this')")})
    assert "no such ledger" in scene.error(scene.wait()).message
    # Mistake A is mended, and mistake B is made: the containers that ended are there yet.
    again = play({"app": {**RUNS, "cap_add": ["NOPE"]}, "other": RUNS})
    outcome = again.wait()
    told = again.explain(outcome)
    assert [each.service for each in told] == ["app"]
    assert "unknown capability" in told[0].message
    assert "ledger" not in str([each.as_dict() for each in told])
    error = again.error(outcome)
    assert "unknown capability" in error.message
    assert "nor this" not in error.message


def test_an_image_that_is_missing_now_is_told_not_how_the_old_container_ended(play: Callable[..., Scene]) -> None:
    scene = play({"app": python("raise SystemExit('no such ledger')")})
    scene.wait()
    again = play({"app": {"image": "nowhere.invalid/nothing:1"}})
    error = again.error(again.wait())
    assert "nowhere.invalid/nothing:1 is not here" in error.message
    assert "ledger" not in error.message


def test_a_restart_that_the_engine_refuses(play: Callable[..., Scene], tmp_path: Path) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    mount = {"type": "bind", "source": "./x", "target": "/x", "bind": {"create_host_path": False}}
    scene = play({"app": {**RUNS, "volumes": [mount]}})
    assert scene.wait().ready
    scene.engine.client.api.stop(scene.container("app").id, timeout=0)
    folder.rmdir()
    outcome = scene.wait(20)
    told = scene.explain(outcome)[0]
    assert told.cause == "mount"
    assert str(folder) in told.message
    assert "exited" not in scene.error(outcome).message


def test_only_what_waits_for_it_is_said_to_wait(play: Callable[..., Scene]) -> None:
    healthy = {"condition": "service_healthy"}
    scene = play(
        {
            "one": shell("echo no flour >&2; exit 3"),
            "db": {**RUNS, **LATE},
            "web": {**RUNS, "depends_on": {"db": healthy}},
            "next": {**RUNS, "depends_on": {"one": {"condition": "service_completed_successfully"}}},
            "last": {**RUNS, "depends_on": ["next"]},
        }
    )
    outcome = scene.wait(20)
    assert not outcome.timed_out
    assert {each.service for each in scene.explain(outcome)} == {"one", "next", "last"}
    error = scene.error(outcome)
    assert error.message.startswith("one exited with code 3")
    assert "web" not in error.message
    assert "wait for that" in error.message


def test_a_device_is_told_whatever_else_waits(play: Callable[..., Scene]) -> None:
    scene = play({"db": {**RUNS, "x-ops": {"stable": 20}}, "llm": {**RUNS, "gpus": "all", "depends_on": ["db"]}})
    outcome = scene.wait(20)
    told = scene.explain(outcome)[0]
    assert (told.service, told.cause) == ("llm", "device")
    assert "could not select device driver" in scene.error(outcome).message


def test_a_variable_is_named_where_a_setting_comes_from_one(tmp_path: Path) -> None:
    project = Project(tmp_path / "stack", unique_name("stack"))
    project.root.mkdir()
    write_tasks(project.root)
    project.write(
        "compose.yaml",
        f"services:\n  app:\n    image: {PYTHON}\n    init: true\n    command: [sleep, '600']\n"
        "    cpus: ${APP_CPUS:-2}\n",
    )
    project.write(".env", "APP_CPUS=4096\n")
    try:
        result = project.invoke("dev", "--timeout", "30")
    finally:
        remove_project(project.name)
    assert result.code == 6
    assert "app may use 4096 CPUs" in result.err
    assert "next: invoke env.set APP_CPUS=" in result.err
