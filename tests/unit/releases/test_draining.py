"""Old containers end what is under way, and are asked seldom while that lasts."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit import replicas
from upready.releases import draining
from upready.runtime.docker.edge import Edge

OLD = cast("list[Any]", [type("Old", (), {"id": "old"})])


class Counting:
    """An edge to whose containers a stream goes for so long, on a clock that moves only by waiting."""

    def __init__(self, lasts: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.lasts, self.counted = 0.0, lasts, list[float]()
        # Never the clock of the whole process: threads of other tests wait by it.
        monkeypatch.setattr(draining, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self._pass))

    def requests(self, _: str) -> frozenset[str]:
        self.counted.append(self.now)
        return frozenset({"stream"} if self.now < self.lasts else ())

    def _pass(self, seconds: float) -> None:
        self.now += seconds


def test_what_ends_soon_is_seen_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    edge = Counting(0.3, monkeypatch)
    assert draining.drain(cast("Edge", edge), OLD, 60, lambda _: None) == 0
    assert edge.now == pytest.approx(0.4)


def test_what_lasts_is_counted_once_a_second_and_at_most_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each count is a process beside those that serve: 200 ms apart they made other requests slow."""
    edge, told = Counting(1000, monkeypatch), list[int]()
    assert draining.drain(cast("Edge", edge), OLD, 60, told.append) == 1
    assert told == [1]
    late = [each for each in edge.counted if each > 15]
    assert min(later - earlier for earlier, later in pairwise(late)) == pytest.approx(1)
    assert 60 <= edge.now <= 61


@pytest.mark.parametrize(("told", "seconds"), [("0s", 0), ("1m30s", 90), (None, 10)])
def test_how_long_old_ones_get_is_what_the_service_says_also_where_that_is_nothing(told: str, seconds: float) -> None:
    assert draining.grace(replicas.service(stop_grace_period=told)) == seconds
