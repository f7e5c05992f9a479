"""Services that use another one's network: how compose knows them, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.replicas import container, service
from upready.releases import plan, sharing
from upready.releases.plan import CREATED, NOTHING, REPLACED, Change
from upready.stack.selection import Stack

VPN = service("vpn")
SIDE = service("side", network_mode="service:vpn", pid="host")
DEEP = service("deep", ipc="service:side")


def test_who_is_shared() -> None:
    assert sharing.holders(SIDE) == {"network_mode": "vpn"}
    assert sharing.holders(DEEP) == {"ipc": "side"}
    assert sharing.holders(service(network_mode="container:4711")) == {}


def test_the_ids_stand_in_the_place_of_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_STATE_DIR", str(tmp_path / "state"))
    stack = Stack(tmp_path, "prod", (tmp_path / "compose.yaml",), (), "shop")
    running = {"vpn": [container(id="v1")], "side": []}
    found = sharing.resolved(stack, [VPN, SIDE, DEEP], running)
    assert found.files[:-1] == stack.files
    told = json.loads(found.files[-1].read_text("utf-8"))
    assert told == {"services": {"side": {"network_mode": "container:v1"}}}
    assert sharing.resolved(stack, [VPN, SIDE], {}) == stack


@pytest.mark.parametrize("action", [CREATED, REPLACED, plan.ROLLED])
def test_who_shares_is_replaced_along(action: str) -> None:
    changes = [Change("deep", NOTHING), Change("side", NOTHING), Change("vpn", action)]
    found = plan._with_sharing([DEEP, SIDE, VPN], changes)
    assert [(each.service, each.action, each.order) for each in found] == [
        ("deep", REPLACED, "it uses the IPC of side"),
        ("side", REPLACED, "it uses the network of vpn"),
        ("vpn", action, ""),
    ]


def test_nothing_is_replaced_where_the_shared_one_stays() -> None:
    changes = [Change("side", NOTHING), Change("vpn", plan.SCALED)]
    assert plan._with_sharing([SIDE, VPN], changes) == changes
    # One without replicas stays away.
    changes = [Change("side", plan.SCALED), Change("vpn", REPLACED)]
    assert plan._with_sharing([service("side", replicas=0, network_mode="service:vpn"), VPN], changes) == changes
    # What changes by itself keeps its own reasons.
    changes = [Change("side", REPLACED, ("environment.A",)), Change("vpn", REPLACED)]
    assert plan._with_sharing([SIDE, VPN], changes) == changes
