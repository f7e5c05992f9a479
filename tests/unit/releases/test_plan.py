"""Whether two of a service can run at once, and what differs between two versions of it."""

from typing import Any

import pytest

from tests.unit import replicas
from upready.releases import override, plan
from upready.stack import service as services

VOLUME = [{"type": "volume", "source": "data", "target": "/data"}]


def stops_first(**entry: Any) -> str:
    return plan.stops_first(services.of("web", entry, "project"))


def order(word: str) -> dict[str, Any]:
    return {"update_config": {"order": word}}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({}, ""),
        ({"volumes": VOLUME, "deploy": {"replicas": 2}}, ""),
        ({"volumes": [{"type": "bind", "source": "/a", "target": "/b"}]}, ""),
        ({"volumes": [{"type": "volume", "target": "/b"}]}, ""),
        ({"volumes": VOLUME}, "one replica with the volume data"),
        ({"volumes": VOLUME, "deploy": order("start-first")}, ""),
        ({"deploy": order("stop-first")}, "deploy.update_config.order: stop-first"),
        ({"ports": [{"target": 80, "published": "8080"}]}, "it publishes port 8080 itself"),
        (
            {"ports": [{"target": 80, "published": "8080"}], "deploy": order("start-first")},
            "it publishes port 8080 itself",
        ),
        ({"container_name": "web"}, "container_name: web"),
        ({"network_mode": "host"}, "network_mode: host"),
        ({"network_mode": "service:vpn"}, "network_mode: service:vpn"),
        ({"network_mode": "container:4711"}, "network_mode: container:4711"),
        ({"network_mode": "none"}, ""),
        ({"ipc": "service:vpn"}, ""),
    ],
)
def test_what_two_replicas_cannot_share_has_the_old_one_stopped_first(entry: dict[str, Any], why: str) -> None:
    assert stops_first(**entry) == why


def test_a_port_that_the_engine_chooses_is_shared_by_nobody() -> None:
    assert stops_first(ports=[{"target": 80}]) == ""


def test_data_in_a_volume_without_a_name_go_on_with_the_container_that_takes_its_place() -> None:
    anonymous = {"Type": "volume", "Name": "0f" * 32, "Destination": "/data"}
    others = [{"Type": "volume", "Name": "shop_data", "Destination": "/a"}, {"Type": "bind", "Destination": "/b"}]
    assert plan.own_data([replicas.container(raw={"Mounts": others})]) == ""
    found = [replicas.container(raw={"Mounts": [*others, anonymous]})]
    assert plan.own_data(found) == "a volume without a name has its data at /data"


def test_differences_are_told_by_name_and_never_by_value() -> None:
    before = {"image": "a", "environment": {"KEY": "old-secret", "SAME": "1"}, "command": ["a"]}
    now = {"image": "b", "environment": {"KEY": "new-secret", "SAME": "1", "MORE": "2"}, "command": ["a"], "user": "1"}
    assert plan.differences(before, now) == ["environment.KEY", "environment.MORE", "user"]


@pytest.mark.parametrize(
    ("image", "tagged"),
    [
        ("shop-web:prod", "shop-web:R"),
        ("shop-web", "shop-web:R"),
        ("registry:5000/shop/web", "registry:5000/shop/web:R"),
        ("registry:5000/shop/web:prod", "registry:5000/shop/web:R"),
    ],
)
def test_a_built_image_keeps_its_repository_and_gets_the_release_as_its_tag(image: str, tagged: str) -> None:
    assert override.tag(services.of("web", {"image": image, "build": {}}, "project"), "R") == tagged
