"""What two samples tell of a container's use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.replicas import container
from upready.operations import status
from upready.operations.status import Overview, Status, Usage
from upready.report import status as report
from upready.runtime.docker import statistics
from upready.runtime.interface import Sample


@pytest.mark.parametrize(
    ("stats", "used"),
    [
        ({}, None),
        ({"memory_stats": {}}, None),
        ({"memory_stats": {"usage": 100, "stats": {"inactive_file": 30}}}, 70),
        ({"memory_stats": {"usage": 100, "stats": {"total_inactive_file": 40}}}, 60),
        ({"memory_stats": {"usage": 100}}, 100),
        ({"memory_stats": {"usage": 10, "stats": {"inactive_file": 30}}}, 0),
    ],
)
def test_memory_without_what_can_be_dropped(stats: dict[str, Any], used: int | None) -> None:
    assert statistics.memory(stats) == used


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (Sample(10.0, 5.0, 1), Sample(10.2, 5.1, 1), 50.0),
        (Sample(10.0, 5.0, 1), Sample(10.2, 5.4, 1), 200.0),
        # Restarted in between, or sampled twice in one tick.
        (Sample(10.0, 5.0, 1), Sample(10.2, 0.0, 1), 0.0),
        (Sample(10.0, 5.0, 1), Sample(10.0, 5.0, 1), 0.0),
    ],
)
def test_share_of_a_core(before: Sample, after: Sample, share: float) -> None:
    assert status.share(before, after) == share


class Engine:
    """A runtime whose containers use what the test says."""

    def __init__(self, *samples: Sample | None) -> None:
        self.samples = list(samples)

    def sample(self, _: Any) -> Sample | None:
        return self.samples.pop(0)


def test_a_container_that_goes_meanwhile_has_no_figures() -> None:
    one = container(memory_limit=64)
    assert status._usages(Engine(Sample(1.0, 1.0, 10), None), [one]) == {}  # type: ignore[arg-type]
    known = status._usages(Engine(Sample(1.0, 1.0, 10), Sample(2.0, 1.5, 12)), [one])  # type: ignore[arg-type]
    assert known == {"web1": Usage(50.0, 12, 64)}


def test_json_and_table(capsys: pytest.CaptureFixture[str]) -> None:
    started = datetime.now(UTC) - timedelta(hours=3)
    one = container(started=started, ports=(("127.0.0.1", 8000, "tcp", 80),), restarts=2, revision="abc")
    made = Overview("shop", "dev", [Status(one, "abc", 10800.0, Usage(1.5, 20_000_000, 64_000_000))], "docker", "dev")
    (entry,) = made.as_dict()["services"]
    assert entry["memory"] == 20_000_000
    assert entry["memory_limit"] == 64_000_000
    assert entry["ports"] == [{"host": "127.0.0.1", "published": 8000, "protocol": "tcp", "target": 80}]
    assert report.show(made, as_json=False) == 0
    text = capsys.readouterr().out
    for words in ("web", "3 h", "1.5 %", "20.0 MB of 64.0 MB", "127.0.0.1:8000"):
        assert words in text


def test_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.show(Overview("shop", None, [], "docker", "live"), as_json=False) == 0
    assert "nothing runs; invoke live starts it" in capsys.readouterr().out
