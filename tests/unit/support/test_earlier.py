"""What an earlier version kept in the project's `.ops`: its data moves once, and nothing of it is lost."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from upready.runtime.native import paths
from upready.support import earlier, lock, platform, shell_words, state
from upready.support.errors import LockedError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in which an earlier version ran natively."""
    data = tmp_path / ".ops" / "native" / "db" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n", encoding="utf-8")
    (data.parent / "log").write_text("it was\n", encoding="utf-8")
    for name, text in {".gitignore": "*\n", "lock": '{"pid": 1}', "env.lock": "", ".env.abcd1234.tmp": "A=1"}.items():
        (tmp_path / ".ops" / name).write_text(text, encoding="utf-8")
    return tmp_path


def version(root: Path) -> str:
    return (paths.of(root, "db") / "data" / "PG_VERSION").read_text("utf-8")


def test_it_is_used_where_it_is_until_it_is_moved(root: Path) -> None:
    assert paths.native(root) == root / ".ops" / "native"
    assert version(root) == "18\n"
    assert paths.services(root) == ["db"]


def test_it_moves_once_and_nothing_is_left(root: Path) -> None:
    folder = state.make(root)
    paths.settle(root)
    assert list(root.iterdir()) == []
    assert paths.native(root) == folder / "native"
    assert version(root) == "18\n"
    assert (paths.of(root, "db") / "log").read_text("utf-8") == "it was\n"
    assert paths.remarks(root) == []
    paths.settle(root)
    assert version(root) == "18\n"


def test_what_is_newer_is_never_replaced(root: Path) -> None:
    folder = state.make(root)
    (folder / "native" / "db" / "data").mkdir(parents=True)
    (folder / "native" / "db" / "data" / "PG_VERSION").write_text("19\n", encoding="utf-8")
    paths.settle(root)
    assert version(root) == "19\n"
    assert (root / ".ops" / "native" / "db" / "data" / "PG_VERSION").read_text("utf-8") == "18\n"
    assert (root / ".ops" / ".gitignore").exists()


def test_on_another_disk_it_stays_and_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state.make(root)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    paths.settle(root)
    assert paths.native(root) == root / ".ops" / "native"
    assert version(root) == "18\n"
    (said,) = paths.remarks(root)
    assert "could not be moved" in said
    assert said.endswith(f"invoke stop && {shell_words.move_command(root / '.ops' / 'native', state.make(root))}")
    assert (root / ".ops" / "lock").exists()


def test_a_task_of_an_earlier_version_is_not_disturbed(root: Path) -> None:
    state.make(root)
    with lock.opened(root / ".ops" / "lock") as file:
        assert platform.try_lock(file)
        with pytest.raises(LockedError, match="an earlier version"):
            paths.settle(root)
    assert paths.native(root) == root / ".ops" / "native"


@pytest.mark.parametrize("ignore", [None, "native\n", ""])
def test_a_folder_of_that_name_that_is_not_ours_is_left_alone(root: Path, ignore: str | None) -> None:
    file = root / ".ops" / ".gitignore"
    file.unlink() if ignore is None else file.write_text(ignore, encoding="utf-8")
    before = sorted(root.rglob("*"))
    assert paths.services(root) == []
    state.make(root)
    paths.settle(root)
    assert sorted(root.rglob("*")) == before


def test_what_somebody_put_beside_it_stays_ignored_by_git(root: Path) -> None:
    (root / ".ops" / "notes").write_text("mine", encoding="utf-8")
    state.make(root)
    paths.settle(root)
    assert (root / ".ops" / "notes").read_text("utf-8") == "mine"
    assert (root / ".ops" / ".gitignore").exists()
    assert version(root) == "18\n"
    assert earlier.native(root) is None
