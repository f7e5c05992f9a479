"""A network or volume that is not there, or not made: where it is written, what holds its subnet, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from docker.errors import DockerException

from tests.unit.diagnosis.cases import Machine, replica, told
from upready.diagnosis.failure import Finding
from upready.diagnosis.rules import network
from upready.stack.compose_failure import IN_THE_FILE, Failure
from upready.stack.compose_words import Kind

COMPOSE = """services:
  web:
    image: shop-web
    networks: [front]
networks:
  front:
    driver: bridge
  back:
    internal: true
    ipam: {config: [{subnet: 10.0.0.0/16}]}
volumes:
  back:
    driver: nope
"""
RAW = {"networks": {"front": {"name": "shop_front"}, "back": {"name": "of-all"}}, "volumes": {"back": {"name": "kept"}}}


def refused(
    kind: Kind,
    *about: str,
    step: str = "",
    root: Path | None = None,
    raw: Any = RAW,
    engine: object = None,
) -> Finding:
    """What is said of a service that was refused because of a network or volume."""
    given: dict[str, Any] = {"root": root, "compose": COMPOSE} if root else {}
    failure = Failure(kind, "no\n  such  thing", next=step, about=about)
    found = network.find(replica(failure=failure, raw=raw, engine=engine, there=False, **given))
    assert found is not None
    return found


def pool(*subnets: str | None) -> dict[str, Any]:
    """A network with these subnets, as compose has it."""
    return {"ipam": {"config": [{"subnet": each} if each else {"gateway": "10.0.0.1"} for each in subnets]}}


def holder(name: str, *subnets: str) -> dict[str, Any]:
    """A network with these subnets, as the engine has it."""
    return {"Name": name, "IPAM": {"Config": [{"Subnet": each} for each in subnets]}}


def overlapping(wanted: dict[str, Any], *networks: dict[str, Any]) -> tuple[Sequence[str], str]:
    """What is shown, and the step, where the engine has some networks and the stack wants others."""
    found = refused("subnet", raw={"networks": wanted}, engine=Machine(networks=lambda: list(networks)))
    return found.evidence, found.next


CHOOSE = "choose another subnet, then: invoke dev"


@pytest.mark.parametrize("failure", [None, Failure("container", "x", about=("network shop_front",))])
def test_what_is_no_matter_of_a_network_is_left_to_others(failure: Failure | None) -> None:
    assert network.find(replica("network shop_front not found", failure=failure)) is None


@pytest.mark.parametrize(
    ("kind", "cause"), [("network", "network"), ("network setting", "network"), ("volume", "volume")]
)
def test_the_step_of_compose_where_nothing_better_is_known(kind: Kind, cause: str) -> None:
    assert told(refused(kind, f"{cause} gone", step="invoke doctor")) == (
        cause,
        "was not started: no such thing",
        "invoke doctor",
    )
    assert refused(kind, f"{cause} gone").next == IN_THE_FILE
    assert refused(kind, f"{cause} gone").evidence == []


# Where it is written.


@pytest.mark.parametrize(
    ("kind", "about", "line"),
    [
        ("network", "network shop_front", 7),
        ("network", "network front", 7),
        ("network setting", "network of-all", 10),
        ("volume", "volume kept", 13),
        ("volume", "volume back", 13),
    ],
)
def test_the_place_of_a_network_or_volume(kind: Kind, about: str, line: int, tmp_path: Path) -> None:
    step = "correct it in its compose file, then: <the same command>"
    for found in (refused(kind, about, step=step, root=tmp_path), refused(kind, about, root=tmp_path)):
        assert found.next == f"correct that in compose.yaml:{line}, then: invoke dev"


@pytest.mark.parametrize(
    ("kind", "about"),
    [("network", ()), ("network", ("network gone",)), ("network", ("volume back",)), ("volume", ("network back",))],
)
def test_a_place_that_is_not_known(kind: Kind, about: tuple[str, ...], tmp_path: Path) -> None:
    assert refused(kind, *about, root=tmp_path).next == IN_THE_FILE


def test_what_the_model_does_not_say_is_no_obstacle(tmp_path: Path) -> None:
    raw = {"networks": {"front": None, "back": {"name": "of-all"}}}
    assert refused("network", "network front", root=tmp_path, raw=raw).next.startswith(
        "correct that in compose.yaml:7,"
    )
    assert refused("network", "network of-all", root=tmp_path, raw=raw).next.startswith(
        "correct that in compose.yaml:10,"
    )
    assert refused("volume", "volume back", root=tmp_path, raw=raw).next == IN_THE_FILE
    assert refused("network", "network front", root=tmp_path, raw={"networks": None}).next == IN_THE_FILE
    written_elsewhere = {"networks": {"other": {"name": "shop_front"}}}
    assert refused("network", "network shop_front", root=tmp_path, raw=written_elsewhere).next == IN_THE_FILE


def test_a_command_that_mends_it_counts_more_than_the_place(tmp_path: Path) -> None:
    step = "docker network create of-all"
    assert refused("network", "network of-all", step=step, root=tmp_path).next == step


def test_a_plugin_may_be_installed_too(tmp_path: Path) -> None:
    step = "correct the driver: of volume kept, then: <the same command>\ndocker plugin install nope"
    assert refused("volume", "volume kept", step=step, root=tmp_path).next == (
        "correct that in compose.yaml:13, then: invoke dev\ndocker plugin install nope"
    )


def test_the_settings_of_a_service_within_a_network(tmp_path: Path) -> None:
    expected = ("network", "was not started: no such thing", "correct networks: in compose.yaml:4, then: invoke dev")
    assert told(refused("endpoint", "network shop_front", root=tmp_path)) == expected


# What holds the subnet.


def test_a_subnet_is_chosen_where_it_is_written(tmp_path: Path) -> None:
    assert told(refused("subnet", "network of-all", step="docker network ls", root=tmp_path)) == (
        "network",
        "was not started: no such thing",
        "choose another subnet in compose.yaml:10, then: invoke dev",
    )


def test_a_network_of_others_that_has_the_subnet() -> None:
    shown, step = overlapping(
        {"back": {"name": "shop_back", **pool("10.252.0.0/16")}},
        holder("far", "10.9.0.0/16"),
        holder("theirs", "10.8.0.0/16", "10.252.7.1/24"),
        holder("more", "10.252.8.0/24"),
    )
    assert shown == ["network theirs has 10.252.7.0/24", "network more has 10.252.8.0/24"]
    assert step == f"{CHOOSE}\nif nothing uses it: docker network rm theirs"


def test_two_networks_of_the_stack_with_one_subnet() -> None:
    wanted = {"a": {"name": "shop_a", **pool("10.252.7.1/24")}, "b": {"name": "shop_b", **pool(None, "10.252.0.0/16")}}
    assert overlapping(wanted, holder("shop_a", "10.252.7.0/24")) == (["network shop_a has 10.252.7.0/24"], CHOOSE)


def test_a_network_does_not_overlap_with_itself() -> None:
    wanted = {"a": {"name": "shop_a", **pool("10.252.7.0/24")}}
    assert overlapping(wanted, holder("shop_a", "10.252.7.0/24")) == ([], CHOOSE)


@pytest.mark.parametrize("name", ["bridge", "docker_gwbridge", "ingress"])
def test_a_network_of_the_engine_is_not_to_be_removed(name: str) -> None:
    wanted = {"a": {"name": "shop_a", **pool("172.17.0.0/16")}}
    shown = [f"network {name} has 172.17.0.0/16"]
    assert overlapping(wanted, holder(name, "172.17.0.0/16")) == (shown, CHOOSE)
    shown.append("network theirs has 172.17.1.0/24")
    found = overlapping(wanted, holder(name, "172.17.0.0/16"), holder("theirs", "172.17.1.0/24"))
    assert found == (shown, f"{CHOOSE}\nif nothing uses it: docker network rm theirs")


def test_subnets_of_both_kinds() -> None:
    wanted = {"a": {"name": "shop_a", **pool("10.252.0.0/16", "fd00:1::/64")}}
    shown, _ = overlapping(wanted, holder("x", "fd00:2::/64"), holder("y", "fd00:1::/80"), holder("z", "10.252.1.0/24"))
    assert shown == ["network y has fd00:1::/80", "network z has 10.252.1.0/24"]


def test_networks_without_a_subnet_are_no_obstacle() -> None:
    wanted = {
        "none": None,
        "bare": {"name": "shop_bare"},
        "empty": {"name": "shop_empty", "ipam": None},
        "no": {"name": "shop_no", "ipam": {"config": None}},
        "odd": {"name": "shop_odd", **pool("many")},
        "a": {"name": "shop_a", **pool("10.252.0.0/16")},
    }
    others = [
        {"Name": "host"},
        {"Name": "none", "IPAM": None},
        {"Name": "bare", "IPAM": {"Config": None}},
        {"Name": "odd", "IPAM": {"Config": [{"Gateway": "10.252.0.1"}]}},
        holder("theirs", "10.252.1.0/24"),
    ]
    assert overlapping(wanted, *others)[0] == ["network theirs has 10.252.1.0/24"]
    found = refused("subnet", raw={"networks": None}, engine=Machine(networks=lambda: others))
    assert (found.evidence, found.next) == ([], CHOOSE)


def test_an_engine_that_does_not_answer_is_no_obstacle() -> None:
    def networks() -> list[Any]:
        raise DockerException("it is silent")

    raw = {"networks": {"a": {"name": "shop_a", **pool("10.252.0.0/16")}}}
    for engine in (Machine(networks=networks), None):
        found = refused("subnet", raw=raw, engine=engine)
        assert (found.evidence, found.next) == ([], CHOOSE)
