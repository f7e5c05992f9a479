"""What the keys of `update_config` and `rollback_config` mean."""

from __future__ import annotations

from typing import Any

import pytest

from upready.releases import plan, policy
from upready.releases.policy import Policy
from upready.stack import service as services


def of(back: bool = False, **deploy: Any) -> Policy:
    return policy.of(services.of("web", {"deploy": deploy}, "shop"), back=back)


def test_what_is_not_given_loses_no_request_and_leads_back() -> None:
    assert of() == Policy(0, 0.0, 0.0, 0.0, "rollback", "")


def test_each_key_is_read() -> None:
    given = {
        "parallelism": 2,
        "delay": "10s",
        "monitor": "1m30s",
        "max_failure_ratio": 0.25,
        "failure_action": "pause",
        "order": "stop-first",
    }
    assert of(update_config=given) == Policy(2, 10.0, 90.0, 0.25, "pause", "stop-first")
    assert of(back=True, rollback_config=given) == Policy(2, 10.0, 90.0, 0.25, "pause", "stop-first")
    assert of(rollback_config=given) == Policy()


def test_the_way_back_is_that_of_update_config_unless_it_has_its_own() -> None:
    forward = {"monitor": "5s", "order": "stop-first", "failure_action": "continue"}
    assert of(back=True, update_config=forward) == of(update_config=forward)
    own = of(back=True, update_config=forward, rollback_config={"parallelism": 1})
    assert own == Policy(parallelism=1, order="stop-first")
    assert of(back=True, update_config=forward, rollback_config={"order": "start-first"}).order == "start-first"


@pytest.mark.parametrize(
    ("ratio", "failed", "replicas", "goes_on"),
    [(0.0, 0, 3, True), (0.0, 1, 3, False), (0.25, 1, 4, True), (0.25, 2, 4, False), (1.0, 3, 3, True)],
)
def test_a_ratio_allows_so_many_failures(ratio: float, failed: int, replicas: int, goes_on: bool) -> None:
    assert Policy(max_failure_ratio=ratio).allows(failed, replicas) is goes_on


def test_continue_allows_all_and_tolerates_none() -> None:
    always = Policy(failure_action="continue")
    assert always.allows(3, 3)
    assert not always.tolerates(1, 3)


def test_the_way_back_has_an_order_of_its_own() -> None:
    deploy = {"update_config": {"order": "start-first"}, "rollback_config": {"order": "stop-first"}}
    service = services.of("web", {"deploy": deploy}, "shop")
    assert plan.stops_first(service) == ""
    assert plan.stops_first(service, back=True) == "deploy.rollback_config.order: stop-first"
