"""Native data belongs to the project's folder: it follows a move, is offered after a removal, is never a copy's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.native.conftest import Market
from upready.runtime import choice
from upready.runtime.native import paths, service
from upready.runtime.native.record import Record
from upready.stack.settings import Environment, Settings
from upready.support import folders, lock, places, platform, state

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="mv and rm")


def keep(root: Path) -> None:
    """A database, and a task that worked with it."""
    data = paths.of(root, "db") / paths.DATA
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n", encoding="utf-8")
    with lock.hold(root, "invoke dev"):
        pass


@posix_only
def test_what_another_folder_of_the_name_left_is_offered_with_a_command_that_works(tmp_path: Path) -> None:
    old, new, other = tmp_path / "old" / "stack", tmp_path / "new" / "stack", tmp_path / "other"
    for each in (old, new, other):
        each.mkdir(parents=True)
    keep(old)
    state.make(new)
    assert paths.remarks(new) == []  # it is still there
    shutil.rmtree(old)
    assert paths.remarks(other) == []  # of another name
    (said,) = paths.remarks(new)
    assert f"what services kept for {old}, which is gone" in said
    command = said.partition("invoke stop --volumes && ")[2]
    subprocess.run(["sh", "-c", command], check=True)
    assert paths.data(new) == [paths.of(new, "db") / paths.DATA]
    assert paths.remarks(new) == []


def test_who_has_no_home_is_told_where_data_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "temporary_folder", lambda: tmp_path / "tmp")
    monkeypatch.setenv(places.VARIABLE, str(folders.temporary()))
    (said,) = paths.remarks(tmp_path / "project")
    assert str(tmp_path / "tmp") in said
    assert places.VARIABLE in said


@pytest.mark.nightly
@pytest.mark.skipif(platform.WINDOWS, reason="a folder in which something runs cannot be renamed there")
def test_a_whole_stack_is_moved_while_it_runs(market: Market, root: Path) -> None:
    before = files(root)
    market.ok("dev")
    data = paths.of(root, "store") / paths.DATA
    (data / "precious").write_text("pears", encoding="utf-8")
    moved = Market(root.rename(root.with_name("moved")), market.name, market.environment)
    try:
        check_moved(moved, root)
        assert files(moved.root) == before
    finally:
        moved.invoke("stop")
        moved.root.rename(root)


def files(root: Path) -> list[Path]:
    """What is in a project, but for what its own services have made."""
    return sorted(each.relative_to(root) for each in root.rglob("*") if "shop" not in each.parts)


def check_moved(moved: Market, root: Path) -> None:
    """It runs on, and its data comes along."""
    assert set(moved.states().values()) >= {"running"}
    assert moved.ok("health").code == 0
    # Changed in place: what runs is ended in the old place, and started in the new one.
    assert moved.ok("dev", "--json").json["status"] == "healthy"
    moved.stopped()
    moved.ok("dev", "--json")
    moved.stopped()
    assert paths.native(moved.root).parent == state.folder(moved.root)
    assert state.folder(moved.root).name.startswith("moved-")
    assert (paths.of(moved.root, "store") / paths.DATA / "precious").read_text("utf-8") == "pears"


def earlier(root: Path) -> Path:
    """Where an earlier version kept what it must, in the project."""
    folder = root / ".ops" / "native"
    folder.mkdir(parents=True)
    (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


def test_what_an_earlier_version_started_is_found_and_only_moved_when_it_has_ended(
    root: Path, run: Callable[..., Record]
) -> None:
    folder = earlier(root)
    started = run("__import__('time').sleep(600)")
    assert (folder / "it" / "state.json").exists()  # as if an earlier version had started it
    here = Settings(root, {"dev": Environment("dev", ())}, runtime="native")
    with lock.hold(root, "invoke dev"):
        assert choice.choose(here, "dev", lambda _: None).name == "native"
    assert service.look(root, "it") == started
    assert folder.is_dir()

    service.stop(root, "it")
    with lock.hold(root, "invoke dev"):
        choice.choose(here, "dev", lambda _: None)
    assert list(root.iterdir()) == []
    assert (paths.of(root, "it") / "log").exists()


@pytest.mark.nightly
@pytest.mark.slow
def test_a_database_of_an_earlier_version_is_kept(market: Market, root: Path) -> None:
    before = files(root)
    paths.native(root).rename(earlier(root).parent / "native")
    data = root / ".ops" / "native" / "store" / "data"
    (data / "precious").write_text("pears", encoding="utf-8")
    assert market.ok("dev", "--json").json["status"] == "healthy"
    assert files(root) == before
    assert (paths.of(root, "store") / paths.DATA / "precious").read_text("utf-8") == "pears"
    market.stopped()
