"""The folder of backups: how one is found, and which are thrown away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from upready.data import shelf
from upready.data.archive import Writer
from upready.data.manifest import Manifest, Part
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


def made(within: Path, hours: int, *services: str, reason: str = "") -> str:
    """A backup of some services, made so many hours ago: its name."""
    path = within / shelf.name("shop", NOW - timedelta(hours=hours))
    parts = tuple(Part(each, "volume", "", "", "", "paused", ()) for each in services)
    with Writer(path) as writer:
        writer.finish(Manifest("", "", "shop", "prod", "", "docker", parts, reason))
    return path.name


@pytest.mark.parametrize("keep", [Keep(newest=1), Keep(daily=1), Keep(weekly=1)])
def test_one_of_a_single_service_does_not_take_the_place_of_one_of_all(tmp_path: Path, keep: Keep) -> None:
    made(tmp_path, 9, "db", "files")
    whole = made(tmp_path, 3, "db", "files")
    made(tmp_path, 2, "db")
    single = made(tmp_path, 1, "db")
    shelf.throw_away(tmp_path, "shop", keep, single, ["db", "files"])
    assert [each.name for each in shelf.there(tmp_path, "shop")] == [whole, single]


def test_nor_does_one_that_a_task_has_made_for_itself(tmp_path: Path) -> None:
    """A restore backs up no more than it replaces."""
    whole = made(tmp_path, 3, "db", "files")
    before = made(tmp_path, 1, "db", "files", reason="before the restore of another")
    shelf.throw_away(tmp_path, "shop", Keep(newest=1), "", ["db", "files"])
    assert [each.name for each in shelf.there(tmp_path, "shop")] == [whole, before]


def test_a_service_that_is_gone_keeps_none(tmp_path: Path) -> None:
    made(tmp_path, 3, "db", "files", "old")
    newest = made(tmp_path, 1, "db", "files")
    shelf.throw_away(tmp_path, "shop", Keep(newest=1), newest, ["db", "files"])
    assert [each.name for each in shelf.there(tmp_path, "shop")] == [newest]


def test_what_is_being_written_of_another_project_stays(tmp_path: Path) -> None:
    mine, other = (tmp_path / f".{shelf.name(project, NOW)}.partial" for project in ("shop", "shop-admin"))
    mine.touch()
    other.touch()
    shelf.tidy(tmp_path, "shop")
    assert other.exists() and not mine.exists()
