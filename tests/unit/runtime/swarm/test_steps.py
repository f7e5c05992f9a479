"""What a deployment does to each service, and on which node one with data stays."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from upready.runtime.actions import Action
from upready.runtime.swarm import steps, translation
from upready.runtime.swarm.steps import Place, Step

NODES = [{"ID": "n1", "Description": {"Hostname": "alpha"}}, {"ID": "n2", "Description": {"Hostname": "beta"}}]


def planned(
    services: dict[str, Any],
    running: dict[str, Any] | None = None,
    here: str = "n1",
    images: dict[str, str] | None = None,
    **more: Any,
) -> list[Step]:
    raw = {"name": "shop", "services": services, "volumes": {"data": {"name": "shop_data"}}}
    stack = translation.of(raw, Path(), {}.get, mesh=more.pop("mesh", True))
    images = images or {name: f"sha256:{name}" for name in services}
    return steps.plan(stack, images, Place(running or {}, NODES, here), {"upready.release": "now", **more})


def running(*found: Step) -> dict[str, Any]:
    return {each.service.name: {"ID": each.key, "Spec": each.service.spec} for each in found}


def test_what_is_not_there_is_created_and_what_has_not_changed_is_left_alone() -> None:
    web = {"web": {"image": "a", "environment": {"A": "1"}}}
    (first,) = planned(web)
    assert first.action is Action.CREATE
    (again,) = planned(web, running(first))
    assert not again.changes
    # Another release is no change by itself.
    (later,) = planned(web, running(first), **{"upready.by": "ann@host"})
    assert not later.changes


def test_a_service_that_was_left_without_replicas_gets_them_back() -> None:
    (first,) = planned({"web": {"image": "a", "scale": 2}})
    left = dataclasses.replace(first.service, spec={**first.service.spec, "Mode": {"Replicated": {"Replicas": 0}}})
    (again,) = planned({"web": {"image": "a", "scale": 2}}, running(dataclasses.replace(first, service=left)))
    assert (again.action, again.reasons) == (Action.RECREATE, ("replicas",))
    # Another number than none is somebody's choice.
    more = dataclasses.replace(first.service, spec={**first.service.spec, "Mode": {"Replicated": {"Replicas": 5}}})
    (kept,) = planned({"web": {"image": "a", "scale": 2}}, running(dataclasses.replace(first, service=more)))
    assert not kept.changes


def test_an_image_that_gets_its_name_in_a_registry_is_the_next_deployments_too() -> None:
    entry = {"image": "a", "deploy": {"labels": {"of": "mine"}}}
    (first,) = planned({"web": entry})
    pushed = steps.renamed(first, "r.example/web@sha256:00")
    assert pushed.service.spec["TaskTemplate"]["ContainerSpec"]["Image"] == "r.example/web@sha256:00"
    kept = {"upready.release": "now", "of": "mine"}
    assert pushed.service.spec["Labels"].items() >= kept.items()
    (again,) = planned({"web": entry}, running(pushed), images={"web": "r.example/web@sha256:00"})
    assert not again.changes
    (back,) = planned({"web": entry}, running(pushed))
    assert (back.action, back.reasons) == (Action.RECREATE, ("image",))


def test_a_change_is_told_by_its_name_and_a_variable_without_its_value() -> None:
    (first,) = planned({"web": {"image": "a", "environment": {"KEY": "secret-1", "B": "2"}}})
    changed = {"image": "a", "environment": {"KEY": "secret-2", "B": "2"}, "user": "7"}
    (then,) = planned({"web": changed}, running(first))
    assert then.action is Action.RECREATE
    assert then.reasons == ("variables: KEY", "User")


def test_a_service_is_restarted_after_another_one_where_it_asks_for_that() -> None:
    how = {"db": {"condition": "service_started", "restart": True, "required": True}}
    services = {"db": {"image": "a"}, "web": {"image": "a", "depends_on": how}}
    before = running(*planned(services))
    changed = {**services, "db": {"image": "a", "user": "7"}}
    assert [each.action for each in planned(changed, before)] == [Action.RECREATE, Action.RESTART]


def test_a_service_that_publishes_a_port_of_its_node_is_stopped_first() -> None:
    deploy = {"update_config": {"order": "start-first"}}
    entry = {"image": "a", "ports": [{"target": 80, "published": "8080"}], "deploy": deploy}
    (found,) = planned({"web": entry}, mesh=False)
    assert found.service.spec["UpdateConfig"]["Order"] == "stop-first"
    assert "a node has its port once" in found.notes[0]
    (spread,) = planned({"web": entry}, mesh=True)
    assert spread.service.spec["UpdateConfig"]["Order"] == "start-first"


def test_a_service_with_data_stays_where_it_has_it() -> None:
    entry = {"image": "a", "volumes": [{"type": "volume", "source": "data", "target": "/data"}]}
    (first,) = planned({"db": entry})
    placed = first.service.spec["TaskTemplate"]["Placement"]["Constraints"]
    assert placed == ["node.id==n1"]
    assert str(first.pin) == "stays on the node alpha, which gets its data (shop_data)"
    # Another manager is asked, and the data does not move.
    (again,) = planned({"db": entry}, running(first), here="n2")
    assert not again.changes
    assert str(again.pin) == "stays on the node alpha, which has its data (shop_data)"


def test_a_service_on_every_node_has_data_on_each() -> None:
    entry = {"image": "a", "volumes": [{"type": "volume", "source": "data", "target": "/data"}]}
    for mode in ("global", "global-job"):
        (found,) = planned({"edge": {**entry, "deploy": {"mode": mode}}})
        assert found.pin is None
        assert "Placement" not in found.service.spec["TaskTemplate"]


def test_a_service_that_shares_a_volume_runs_where_that_is() -> None:
    entry = {"image": "a", "volumes": [{"type": "volume", "source": "data", "target": "/data"}]}
    both = {"type": "volume", "source": "more", "target": "/more"}
    (first,) = planned({"db": entry})
    # When: more services use its volume, or one that one of these uses, and another manager is asked
    services = {
        "db": entry,
        "beside": {**entry, "volumes": [*entry["volumes"], both]},
        "far": {**entry, "volumes": [both]},
    }
    assert [each.pin.node for each in planned(services, running(first), here="n2") if each.pin] == ["n1"] * 3
    # When: it has another name in the file, and runs still
    (renamed,) = planned({"database": entry}, running(first), here="n2")
    assert renamed.pin is not None
    assert renamed.pin.node == "n1"
    # When: the user has said where the other one runs
    placed = {**entry, "deploy": {"placement": {"constraints": ["node.hostname == beta"]}}}
    assert [each.pin and each.pin.node for each in planned({"db": placed, "beside": entry})] == [None, "n2"]


def test_a_constraint_of_the_user_counts_instead_and_a_share_needs_none() -> None:
    volume = [{"type": "volume", "source": "data", "target": "/data"}]
    own = {"placement": {"constraints": ["node.labels.disk == fast"]}}
    (found,) = planned({"db": {"image": "a", "volumes": volume, "deploy": own}})
    assert found.pin is None
    (without,) = planned({"db": {"image": "a", "tmpfs": ["/data"]}})
    assert without.pin is None
