from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from upready.support import times
from upready.support.errors import UsageError

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local zone that is not UTC, where the system can change it."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this system cannot be changed for a test")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", "2026-11-29T11:58:30"),
        ("1h30m", "2026-11-29T10:30:00"),
        ("1.5h", "2026-11-29T10:30:00"),
        ("2d", "2026-11-27T12:00:00"),
        ("500ms", "2026-11-29T11:59:59.500"),
        ("12:30", "2026-11-29T11:30:00"),  # Berlin is an hour ahead
        ("12:30:15", "2026-11-29T11:30:15"),
        ("13:01", "2026-11-28T12:01:00"),  # has not come yet today
        ("2026-11-28", "2026-11-27T23:00:00"),
        ("2026-11-28T10:00", "2026-11-28T09:00:00"),
        ("2026-11-28 10:00:00.25", "2026-11-28T09:00:00.250"),
        ("2026-11-28T10:00Z", "2026-11-28T10:00:00"),
        ("2026-11-28T10:00:00+05:30", "2026-11-28T04:30:00"),
    ],
)
def test_what_a_user_types(text: str, moment: str) -> None:
    assert times.parse(text, "--since", NOW) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "10", "x", "10 moons", "25:00", "12:61", "2026-13-01", "-5m", "5m ago", "9999999999999d", "٣s"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="--until"):
        times.parse(text, "--until", NOW)


def test_the_engines_notation() -> None:
    assert times.wire(datetime(2026, 11, 29, 12, 0, 0, 250, tzinfo=UTC)) == "1795953600.000250000"
    assert times.wire("2026-11-29T12:00:00.123456789Z") == "1795953600.123456789"
    assert times.stamp(NOW) == "2026-11-29T12:00:00.000000000Z"


@pytest.mark.parametrize(
    "text",
    ["2026-11-29T12:00:00.5Z", "2026-11-29T13:00:00.50+01:00", "2026-11-29T12:00:00.500000000Z"],
)
def test_other_engines_notations_are_made_one(text: str) -> None:
    assert times.normalise(text) == "2026-11-29T12:00:00.500000000Z"


def test_distance_and_shift() -> None:
    late, early = "2026-11-29T12:00:00.100000000Z", "2026-11-29T11:59:59.900000001Z"
    assert times.apart(early, late) == pytest.approx(0.199999999)
    assert times.apart(late, early) == pytest.approx(-0.199999999)
    assert times.apart(early, "2026-11-29T11:59:59.950000001Z") == pytest.approx(0.05)
