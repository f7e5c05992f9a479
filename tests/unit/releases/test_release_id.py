"""Names of releases: they sort by time, and name the commit."""

from datetime import UTC, datetime

import pytest

from upready.releases import release_id

NOW = datetime(2026, 11, 26, 22, 15, 0, tzinfo=UTC)
COMMIT = "1a2b3c4d5e6f70819203a4b5c6d7e8f901234567"


@pytest.mark.parametrize(
    ("revision", "name"),
    [
        (COMMIT, "20261126T221500-1a2b3c4"),
        (f"{COMMIT}-dirty", "20261126T221500-1a2b3c4-dirty"),
        ("", "20261126T221500"),
        ("unknown", "20261126T221500"),
    ],
)
def test_a_name_tells_time_and_commit(revision: str, name: str) -> None:
    made = release_id.make(revision, now=NOW)
    assert made == name
    assert release_id.is_valid(made)


def test_a_new_name_sorts_behind_all_others_whatever_the_clock_says() -> None:
    first = release_id.make(COMMIT, now=NOW)
    assert release_id.make("", [first], NOW) == "20261126T221501"
    ahead = "20270101T000000-fffffff"
    assert release_id.make(COMMIT, [first, ahead], NOW) == "20270101T000001-1a2b3c4"


@pytest.mark.parametrize("name", ["", "latest", "20261126", "../20261126T221500", "20261126T221500-XYZ"])
def test_what_is_no_name_is_told(name: str) -> None:
    assert not release_id.is_valid(name)
