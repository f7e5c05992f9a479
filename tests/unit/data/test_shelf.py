"""The folder of backups: how one is found, and which are thrown away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from upready.data import shelf
from upready.data.shelf import Keep
from upready.support.errors import UsageError

NOW = datetime(2026, 11, 27, 3, 0)


@pytest.fixture
def hourly(tmp_path: Path) -> Path:
    """Three weeks of backups, one every twelve hours, and those of another project."""
    for half_days in range(42):
        moment = NOW - timedelta(hours=12 * half_days)
        for project in ("shop", "shop-2"):
            (tmp_path / shelf.name(project, moment)).touch()
    return tmp_path


def left(within: Path, project: str = "shop") -> list[str]:
    return [f"{shelf.moment(each):%d %H}" for each in reversed(shelf.there(within, project))]


def test_the_newest_stay(hourly: Path) -> None:
    gone = shelf.throw_away(hourly, "shop", Keep(newest=3))
    assert left(hourly) == ["27 03", "26 15", "26 03"]
    assert len(gone) == 39


def test_one_a_day_and_one_a_week(hourly: Path) -> None:
    shelf.throw_away(hourly, "shop", Keep(daily=3, weekly=3))
    assert left(hourly) == ["27 03", "26 15", "25 15", "22 15", "15 15"]


def test_without_a_number_all_stay(hourly: Path) -> None:
    assert shelf.throw_away(hourly, "shop", Keep()) == []
    assert len(left(hourly)) == 42


def test_another_projects_stay(hourly: Path) -> None:
    shelf.throw_away(hourly, "shop", Keep(newest=1))
    assert len(left(hourly, "shop-2")) == 42


def test_one_is_found(hourly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "folder", lambda _: hourly)
    newest = hourly / shelf.name("shop", NOW)
    assert shelf.find(tmp_path, "shop", "latest") == newest
    assert shelf.find(tmp_path, "shop", f"{NOW:%Y%m%dT%H%M%S}") == newest
    assert shelf.find(tmp_path, "shop", str(newest)) == newest
    assert shelf.find(tmp_path, "shop", str(hourly)) == newest
    with pytest.raises(UsageError, match="no backup of shop has that id"):
        shelf.find(tmp_path, "shop", "20200101T000000")
    with pytest.raises(UsageError, match="there is no backup of other"):
        shelf.find(tmp_path, "other", "latest")


def test_the_one_that_was_just_made_stays(hourly: Path) -> None:
    """The clock was ahead when the others were made: by their names they are newer."""
    made = hourly / shelf.name("shop", NOW - timedelta(days=400))
    made.touch()
    gone = shelf.throw_away(hourly, "shop", Keep(newest=3), made.name)
    assert made.exists() and made not in gone
    assert left(hourly)[:3] == ["27 03", "26 15", "26 03"]


def test_what_is_being_written_of_another_project_stays(tmp_path: Path) -> None:
    mine, other = (tmp_path / f".{shelf.name(project, NOW)}.partial" for project in ("shop", "shop-admin"))
    mine.touch()
    other.touch()
    shelf.tidy(tmp_path, "shop")
    assert other.exists() and not mine.exists()
