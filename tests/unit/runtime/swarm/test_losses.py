"""What Swarm has nothing for is refused with a list, unless its loss is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import losses
from upready.support.errors import UsageError

WEB = {
    "image": "x",
    "privileged": True,
    "ports": [{"target": 80, "published": "8080", "host_ip": "127.0.0.1"}, {"target": 81, "published": "8081"}],
}
DB = {"image": "x", "privileged": True}


def model(**services: dict[str, Any]) -> dict[str, Any]:
    """A model with these services."""
    return {"name": "shop", "services": services}


def test_each_loss_is_told_with_service_key_and_reason() -> None:
    # When
    with pytest.raises(UsageError) as caught:
        losses.check(model(web=WEB, db=DB))
    # Then
    assert caught.value.code == 2
    assert caught.value.message == "Swarm has nothing for 3 keys of this stack"
    first, second, third = caught.value.details
    assert first.startswith("web: privileged: ")
    assert second.startswith("web: ports.host_ip (8080): only the machine itself may reach it")
    assert third.startswith("db: privileged: ")
    assert "x-ops.swarm.accept (privileged, ports.host_ip), then: <the same command>" in caught.value.next


@pytest.mark.parametrize(
    "accepted",
    [
        ["privileged", "ports.host_ip"],
        ["privileged", "ports"],
        ["web.privileged", "db.privileged", "web.ports"],
    ],
)
def test_what_is_accepted_is_not_refused_but_told(accepted: list[str]) -> None:
    # When
    found = losses.check(model(web=WEB, db=DB), accepted)
    # Then
    assert [(each.service, each.key) for each in found] == [
        ("web", "privileged"),
        ("web", "ports.host_ip"),
        ("db", "privileged"),
    ]


def test_a_service_accepts_for_itself_only() -> None:
    # Given
    accepting = {**WEB, "x-ops": {"swarm": {"accept": ["privileged", "ports"]}}}
    # When
    with pytest.raises(UsageError) as caught:
        losses.check(model(web=accepting, db=DB))
    # Then
    assert [each.partition(": ")[0] for each in caught.value.details] == ["db"]


def test_accepting_for_one_service_accepts_for_no_other() -> None:
    # When
    with pytest.raises(UsageError) as caught:
        losses.check(model(web=DB, db=DB), ["web.privileged"])
    # Then
    assert [each.partition(": ")[0] for each in caught.value.details] == ["db"]


def test_a_service_that_is_called_as_a_key_is_accepts_nothing_for_others() -> None:
    # Given: `ports.host_ip` is a key, and could be the key `host_ip` of a service `ports`
    assert losses.check(model(ports={**WEB, "privileged": False}), ["ports.host_ip"])


@pytest.mark.parametrize("own", [False, True])
def test_a_key_that_does_not_exist_is_refused(own: bool) -> None:
    # Given
    swarm = {"x-ops": {"swarm": {"accept": ["privilegd"]}}} if own else {}
    # When
    with pytest.raises(UsageError) as caught:
        losses.check(model(web={**DB, **swarm}), [] if own else ["privilegd"])
    # Then
    place = "services.web.x-ops.swarm.accept" if own else "--accept-loss"
    assert caught.value.message == f"{place}: there is no key 'privilegd' in a compose file; did you mean privileged?"
    if not own:
        assert caught.value.next == "<the same command with privileged for privilegd>"


@pytest.mark.parametrize("wrong", ["privileged", {"privileged": True}, [1]])
def test_what_is_accepted_must_be_a_list(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"services\.web\.x-ops\.swarm\.accept: should be a list of keys"):
        losses.check(model(web={"image": "x", "x-ops": {"swarm": {"accept": wrong}}}))


def test_a_loss_of_a_network_names_it() -> None:
    # When
    found = losses.find({**model(web={"image": "x"}), "networks": {"back": {"driver": "macvlan"}}})
    # Then
    assert [(each.service, each.key) for each in found] == [("back", "networks.driver")]


def test_what_is_switched_off_is_no_loss() -> None:
    off = {"image": "x", "privileged": False, "devices": [], "pid": "", "oom_kill_disable": False, "command": None}
    assert not losses.find(model(web=off))


def test_a_volume_without_a_name_is_a_loss_for_it_is_new_with_each_task() -> None:
    volumes = [
        {"type": "volume", "target": "/data", "volume": {}},
        {"type": "volume", "source": "named", "target": "/named"},
        {"type": "tmpfs", "target": "/scratch"},
        {"type": "bind", "source": "/srv", "target": "/srv"},
    ]
    (found,) = losses.find(model(web={"image": "x", "volumes": volumes}))
    assert (found.service, found.key, found.item) == ("web", "volumes.source", "/data")
    assert losses.check(model(web={"image": "x", "volumes": volumes}), ["web.volumes.source"]) == [found]
