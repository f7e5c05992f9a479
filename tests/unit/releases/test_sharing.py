"""What is bound to a container of another service."""

from __future__ import annotations

import pytest

from tests.unit.replicas import container, service
from upready.releases import sharing

WEB = service("web")
SIDE = service("side", network_mode="service:web", ipc="host", pid="container:other")
COPY = service("copy", volumes_from=["web:ro", "container:other"])


def test_what_is_shared_is_told_with_whose_it_is() -> None:
    assert sharing.shared(SIDE) == {"network_mode": "web"}
    assert sharing.shared(COPY) == {"volumes_from: web:ro": "web"}
    assert sharing.shared(WEB) == {}
    every = {each.name: each for each in (WEB, SIDE, COPY)}
    assert sharing.sharers(every, "web") == ["side", "copy"]
    assert sharing.sharers(every, "side") == []


@pytest.mark.parametrize(
    ("restart", "created", "found"), [(True, False, ["depends_on.web.restart"]), (True, True, []), (False, False, [])]
)
def test_what_is_restarted_with_another_changes_with_it_unless_that_is_new(
    restart: bool, created: bool, found: list[str]
) -> None:
    config = {"depends_on": {"web": {"condition": "service_started", "restart": restart}}}
    user = service("user")
    object.__setattr__(user, "config", config)
    assert sharing.reasons(user, {"web": created}) == found
    assert sharing.reasons(user, {"other": created}) == []


@pytest.mark.parametrize("created", [False, True])
def test_what_shares_something_changes_with_that(created: bool) -> None:
    assert sharing.reasons(SIDE, {"web": created}) == ["network_mode of web, which changes"]
    assert sharing.reasons(SIDE, {"other": created}) == []


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("container:web1", {"side": {"network_mode": "container:web1"}}),
        ("container:gone", {}),
        ("bridge", {}),
    ],
)
def test_compose_is_asked_with_the_container_that_is_shared_now(mode: str, told: dict[str, dict[str, str]]) -> None:
    running = {
        "web": [container()],
        "side": [container(id="side1", service="side", raw={"HostConfig": {"NetworkMode": mode}})],
    }
    assert sharing.as_running({"web": WEB, "side": SIDE}, running) == told
