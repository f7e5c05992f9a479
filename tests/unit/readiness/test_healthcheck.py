"""When the tasks run a container's health check beside the engine."""

from __future__ import annotations

import pytest

from tests.unit.replicas import container
from upready.readiness.healthcheck import frequent

QUICK = {"StartPeriod": 2_000_000_000, "StartInterval": 250_000_000, "Interval": 1_000_000_000}


@pytest.mark.parametrize(
    ("check", "lasted", "often"),
    [
        (QUICK, 0.0, True),
        (QUICK, 1.9, True),
        (QUICK, 2.1, False),  # its start period is over, and the engine looks once a second
        ({**QUICK, "Interval": 200_000_000}, 2.1, True),
        ({"Interval": 30_000_000_000}, 0.0, False),
        ({"StartPeriod": 60_000_000_000, "Interval": 100_000_000}, 1.0, False),  # the engine's own is 5 s then
        ({}, 0.0, False),
    ],
)
def test_only_what_the_engine_looks_at_often_now_is_left_to_it(
    check: dict[str, int], lasted: float, often: bool
) -> None:
    assert frequent(container(raw={"Config": {"Healthcheck": check}}), lasted) is often
