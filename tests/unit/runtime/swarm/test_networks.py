"""In what a network that exists is not as the compose file has it."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import creation, networks, translation

STACK = {"com.docker.stack.namespace": "shop"}
THERE = {
    "Name": "shop_back",
    "Driver": "overlay",
    "Labels": STACK,
    "Options": {"com.docker.network.driver.overlay.vxlanid_list": "4097"},
    "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "10.0.1.0/24", "Gateway": "10.0.1.1"}]},
    "Internal": False,
    "Attachable": False,
    "EnableIPv6": False,
}


def wanted(entry: dict[str, Any]) -> dict[str, Any]:
    return networks.of({"networks": {"back": entry}}, "shop")["back"]


@pytest.mark.parametrize(
    ("entry", "there", "found"),
    [
        ({}, {}, []),
        ({"driver": "overlay", "internal": False}, {"Options": None}, []),
        ({"internal": True, "attachable": True, "enable_ipv6": True}, {}, ["attachable", "enable_ipv6", "internal"]),
        ({}, {"Internal": True}, ["internal"]),
        ({"driver_opts": {"encrypted": ""}}, {}, ["driver_opts"]),
        ({"driver_opts": {"encrypted": ""}}, {"Options": {**THERE["Options"], "encrypted": ""}}, []),
        ({}, {"Options": {"encrypted": ""}}, ["driver_opts"]),
        ({"labels": {"of": "mine"}}, {}, ["labels"]),
        ({"ipam": {"config": [{"subnet": "10.0.1.0/24"}]}}, {}, []),
        ({"ipam": {"config": [{"subnet": "10.7.0.0/24"}]}}, {}, ["ipam"]),
        ({"ipam": {"config": [{"subnet": "10.0.1.0/24"}, {"subnet": "10.7.0.0/24"}]}}, {}, ["ipam"]),
    ],
)
def test_what_differs_is_told_by_its_key(entry: dict[str, Any], there: dict[str, Any], found: list[str]) -> None:
    assert networks.differences(wanted(entry), {**THERE, **there}) == found


class Api:
    def networks(self, filters: object) -> list[dict[str, Any]]:
        assert filters == {"label": "com.docker.stack.namespace=shop"}
        return [THERE]


def test_a_network_that_stays_as_it_was_made_is_told_with_the_next_step() -> None:
    stack = translation.Translation("shop", {}, {"back": wanted({"internal": True})}, (), (), ())
    (said,) = creation.unlike(Api(), stack)
    assert said.startswith("the network back stays as it was made, and internal of the compose file counts once")
    assert said.endswith(": invoke stop && invoke prod")
    assert creation.unlike(Api(), translation.Translation("shop", {}, {"new": {"Name": "shop_new"}}, (), (), ())) == []
