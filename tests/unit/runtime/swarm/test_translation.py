"""A compose model as Swarm's services, networks, secrets and configs: names, contents, jobs, ports, replacement."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from upready.runtime.swarm import names, translation
from upready.support.errors import UsageError

WEB: dict[str, Any] = {"image": "x", "networks": {"default": None}}


def translated(services: dict[str, Any], mesh: bool = True, **sections: Any) -> translation.Translation:
    """A stack `shop` with these services."""
    raw = {"name": "shop", "services": services, "networks": {"default": {"name": "shop_default"}}, **sections}
    return translation.of(raw, Path(), {"KEY": "one", "EMPTY": ""}.get, mesh=mesh)


def test_the_name_of_a_service_is_one_that_swarm_takes() -> None:
    assert names.service("shop", "web") == "shop_web"
    odd = [names.service("shop", each) for each in ("we.b", "we-b", "web.", "web-", "w" * 80, "w" * 81)]
    assert len(set(odd)) == 6
    assert all(len(each) <= 63 and re.fullmatch(r"[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*", each) for each in odd)


def test_a_long_name_with_a_dot_is_found_at_once() -> None:
    # With Swarm's own pattern each further letter would double the time, of some seconds already.
    began = time.process_time()
    assert re.fullmatch(r"shop_[a-z]{24}-v2-[0-9a-f]{8}", names.service("shop", f"{'w' * 24}.v2"))
    assert time.process_time() - began < 1


def test_a_service_is_reached_by_its_own_name_whatever_it_is_called_in_swarm() -> None:
    stack = translated({"we.b": WEB})
    assert stack.services["we.b"].spec["TaskTemplate"]["Networks"] == [{"Target": "shop_default", "Aliases": ["we.b"]}]


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_another_content_has_another_name_and_the_same_content_the_same(kind: str) -> None:
    def name(**entry: Any) -> str:
        return translated({}, **{kind: {"key": entry}}).files[0].name

    assert name(environment="KEY") == name(environment="KEY")
    assert re.fullmatch(r"shop_key_[0-9a-f]{12}", name(environment="KEY"))
    assert len({name(environment="KEY"), name(environment="KEY", labels={"a": "b"}), name(file=__file__)}) == 3
    assert len(name(environment="KEY", name="n" * 90)) == 64


def test_the_content_of_a_secret_does_not_show_in_its_picture() -> None:
    (found,) = translated({}, secrets={"key": {"file": __file__}}).files
    assert found.spec["Data"] not in repr(found)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"environment": "ABSENT"}, "secrets.key: the variable ABSENT is not set"),
        ({"environment": "EMPTY"}, "secrets.key has 0 bytes"),
        ({"file": "/nowhere/at/all"}, r"secrets\.key: .*all is no file"),
    ],
)
def test_a_secret_that_swarm_cannot_store_is_refused(entry: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        translated({}, secrets={"key": entry})
    assert caught.value.next


def test_a_secret_that_is_too_large_is_refused(tmp_path: Path) -> None:
    # Given
    (tmp_path / "large").write_bytes(b"x" * 512_000)
    # When, Then
    with pytest.raises(UsageError, match="has 512000 bytes; Swarm stores 1 to 511999"):
        translated({}, secrets={"key": {"file": str(tmp_path / "large")}})


def test_what_another_service_waits_for_is_a_job_that_is_not_run_again() -> None:
    # Given
    needed = {"condition": "service_completed_successfully", "required": True}
    web = {**WEB, "depends_on": {"once": needed, "db": {"condition": "service_healthy", "restart": True}}}
    # When
    stack = translated({"web": web, "once": {**WEB, "restart": "always"}, "db": WEB})
    # Then
    once, served = stack.services["once"], stack.services["web"]
    assert once.job
    assert once.spec["Mode"] == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    assert once.spec["TaskTemplate"]["RestartPolicy"] == {"Condition": "on-failure"}
    # Swarm refuses both for a job.
    assert not {"UpdateConfig", "RollbackConfig"} & once.spec.keys()
    assert served.after == {"once": "service_completed_successfully", "db": "service_healthy"}
    assert served.restarted_after == ("db",)


def test_a_task_that_ended_is_soon_followed_by_another_one() -> None:
    """Swarm's own delay of 5 s also comes before what ran on a lost node runs on another one."""
    # Given
    policy = {"condition": "on-failure", "delay": "7s"}
    services = {"web": WEB, "kept": {**WEB, "restart": "always"}, "own": {**WEB, "deploy": {"restart_policy": policy}}}
    # When
    made = translated(services).services
    # Then
    found = {name: each.spec["TaskTemplate"]["RestartPolicy"] for name, each in made.items()}
    assert found["web"] == {"Delay": 1_000_000_000}
    assert found["kept"] == {"Condition": "any", "Delay": 1_000_000_000}
    assert found["own"] == {"Condition": "on-failure", "Delay": 7_000_000_000}


PORTS = [{"target": 80, "published": "8080", "mode": "ingress"}, {"target": 81, "published": "8081", "mode": "host"}]


@pytest.mark.parametrize(
    ("mesh", "asked", "mode", "published"),
    [
        (True, {}, "vip", ["ingress", "host"]),
        (True, {"endpoint_mode": "dnsrr"}, "dnsrr", ["host", "host"]),
        (False, {}, "dnsrr", ["host", "host"]),
        (False, {"endpoint_mode": "vip"}, "dnsrr", ["host", "host"]),
    ],
)
def test_without_ipvs_names_resolve_to_tasks_and_nodes_publish_ports(
    mesh: bool, asked: dict[str, str], mode: str, published: list[str]
) -> None:
    # When
    stack = translated({"web": {**WEB, "ports": PORTS, "deploy": asked}}, mesh=mesh)
    # Then: it is said, too
    endpoint = stack.services["web"].spec["EndpointSpec"]
    assert endpoint["Mode"] == mode
    assert [each["PublishMode"] for each in endpoint["Ports"]] == published
    assert [("8080" in each, "8081" in each) for each in stack.notes] == ([(True, False)] if mode == "dnsrr" else [])


def test_an_update_goes_back_unless_the_file_says_otherwise() -> None:
    # When
    spec = translated({"web": WEB}).services["web"].spec
    # Then: one task after the other, as Swarm does
    assert spec["UpdateConfig"] == {
        "Parallelism": 1,
        "FailureAction": "rollback",
        "Monitor": 5_000_000_000,
        "MaxFailureRatio": 0.0,
        "Order": "stop-first",
    }
    assert spec["RollbackConfig"] == {**spec["UpdateConfig"], "FailureAction": "pause"}


def test_the_way_back_is_that_of_the_update_where_it_has_none_of_its_own() -> None:
    # Given
    forward = {"order": "start-first", "parallelism": 2, "failure_action": "continue"}
    # When
    alone = translated({"web": {**WEB, "deploy": {"update_config": forward}}})
    both = translated({"web": {**WEB, "deploy": {"update_config": forward, "rollback_config": {"parallelism": 0}}}})
    # Then
    back = alone.services["web"].spec["RollbackConfig"]
    assert (back["Order"], back["Parallelism"], back["FailureAction"]) == ("start-first", 2, "pause")
    back = both.services["web"].spec["RollbackConfig"]
    assert (back["Order"], back["Parallelism"], back["FailureAction"]) == ("start-first", 0, "pause")


@pytest.mark.parametrize(
    ("more", "order", "mode"),
    [
        ({}, "start-first", "dnsrr"),
        ({"deploy": {"update_config": {"order": "stop-first"}, "endpoint_mode": "vip"}}, "stop-first", "vip"),
        ({"volumes": [{"type": "volume", "source": "data", "target": "/data"}]}, "stop-first", "dnsrr"),
        ({"ports": [{"target": 80, "published": "80", "mode": "ingress"}]}, "start-first", "vip"),
        ({"x-ops": {}}, "stop-first", "vip"),
    ],
)
def test_what_the_edge_serves_is_started_first_and_each_task_is_known_to_the_edge(
    more: dict[str, Any], order: str, mode: str
) -> None:
    spec = translated({"web": {"image": "a", "x-ops": {"edge": {"port": 80}}, **more}}).services["web"].spec
    assert spec["UpdateConfig"]["Order"] == spec["RollbackConfig"]["Order"] == order
    assert spec["EndpointSpec"]["Mode"] == mode


def test_a_mount_of_the_users_own_at_dev_shm_stays() -> None:
    web = {**WEB, "shm_size": "1048576", "tmpfs": ["/dev/shm:size=2m"]}
    (mount,) = translated({"web": web}).services["web"].spec["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert mount["TmpfsOptions"]["SizeBytes"] == 2 * 1024**2


def test_a_built_service_has_the_name_that_compose_gives_its_image() -> None:
    spec = translated({"web": {"build": {"context": "."}, "networks": {"default": None}}}).services["web"].spec
    assert spec["TaskTemplate"]["ContainerSpec"]["Image"] == "shop-web"


def test_a_seccomp_profile_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r"the seccomp profile absent\.json cannot be read"):
        translated({"web": {**WEB, "security_opt": ["seccomp:absent.json"]}})
