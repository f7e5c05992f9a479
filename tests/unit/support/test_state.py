"""A project's state: found by its real path, known again when the project was moved, not shared with a copy."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upready.support import places, platform, state
from upready.support.errors import UsageError

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="modes and links are POSIX's")

Make = Callable[[str], Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all states, for this test alone."""
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Make:
    """Makes a project with a file in it."""

    def make(name: str) -> Path:
        root = tmp_path / name
        root.mkdir(parents=True)
        (root / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
        return root

    return make


def keep(root: Path, text: str = "precious") -> Path:
    """Something that is remembered of a project."""
    file = state.make(root) / "kept"
    file.write_text(text, encoding="utf-8")
    return file


def kept(root: Path) -> str:
    file = state.folder(root) / "kept"
    return file.read_text("utf-8") if file.exists() else ""


def test_it_is_outside_and_says_whose_it_is(project: Make, home: Path) -> None:
    root = project("My stack (2)")
    assert not home.exists()
    assert state.folder(root).parent == home
    assert not home.exists()  # only looked for
    folder = state.make(root)
    assert folder == state.folder(root)
    assert folder.name.startswith("My-stack-2-")
    assert json.loads((folder / "project.json").read_text("utf-8"))["path"] == str(root)
    assert [each.name for each in root.iterdir()] == ["compose.yaml"]


@posix_only
def test_it_is_for_its_owner_only_whatever_was_before(project: Make, home: Path) -> None:
    root = project("p")
    before = os.umask(0)
    try:
        folder = state.make(root)
        assert [each.stat().st_mode & 0o077 for each in (home, folder, folder / "project.json")] == [0, 0, 0]
        folder.chmod(0o777)
        state.make(root)
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


@posix_only
def test_through_a_link_it_is_the_same(project: Make, tmp_path: Path) -> None:
    root = project("p")
    (tmp_path / "link").symlink_to(root)
    (tmp_path / "above").symlink_to(tmp_path)
    assert {state.make(each) for each in (root, tmp_path / "link", tmp_path / "above" / "p", root / ".." / "p")} == {
        state.folder(root)
    }
    assert state.paths(tmp_path / "link") >= {root}


def test_two_folders_of_one_name_are_two_projects(project: Make) -> None:
    one, other = project("a/stack"), project("b/stack")
    keep(one)
    assert state.make(other) != state.make(one)
    assert kept(other) == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("C:\\Projects\\Stack", "c:\\projects\\stack", True),
        ("C:\\Projects\\Stack", "\\\\?\\C:\\Projects\\Stack", True),
        ("C:\\Projects\\Stack", "C:/Projects/Stack", True),
        ("C:\\Projects\\Stack", "D:\\Projects\\Stack", False),
        ("\\\\server\\share\\stack", "\\\\SERVER\\share\\stack", True),
        ("\\\\server\\share\\stack", "\\\\server\\other\\stack", False),
    ],
)
def test_windows_names_a_folder_in_several_ways(
    monkeypatch: pytest.MonkeyPatch, one: str, other: str, same: bool
) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    assert (state.name(one) == state.name(other)) is same
    assert state.name(one).startswith("stack-")


@pytest.mark.parametrize(
    ("path", "readable"),
    [
        ("/home/me/stack", "stack"),
        ("/srv/Überraschung & Co", "berraschung-Co"),
        ("/srv/名前", "project"),
        ("/", "project"),
        ("/srv/..hidden", "hidden"),
        ("/srv/a\udcffb", "a-b"),
        ("/" + "long/" * 800 + "x" * 250, "x" * 32),
    ],
)
def test_the_name_is_readable_short_and_fits_every_file_system(path: str, readable: str) -> None:
    if not platform.WINDOWS:
        found = state.name(path)
        assert found.rpartition("-")[0] == readable
        assert found.isascii()
        assert len(found) <= 45
        assert found != state.name(path.upper() + "x")


def test_it_follows_a_folder_that_is_renamed_or_moved(project: Make, tmp_path: Path) -> None:
    root = project("a/stack")
    keep(root)
    (tmp_path / "b").mkdir()
    moved = root.rename(tmp_path / "b" / "renamed")
    assert kept(moved) == "precious"
    assert state.paths(moved) == {root, moved}
    # Until it is settled it is used where it is.
    assert state.make(moved).name.startswith("stack-")
    state.settle(moved)
    assert state.folder(moved).name.startswith("renamed-")
    assert kept(moved) == "precious"
    assert state.paths(moved) == {moved}
    # What comes to the old path begins anew.
    assert kept(project("a/stack")) == ""


def test_a_folder_that_took_the_old_place_does_not_get_it(project: Make, tmp_path: Path) -> None:
    root = project("stack")
    keep(root)
    moved = root.rename(tmp_path / "stack.old")
    project("stack")
    state.settle(moved)
    assert kept(moved) == "precious"
    assert kept(root) == ""


@pytest.mark.parametrize("gone", [False, True], ids=["beside the original", "the original is gone"])
def test_a_copy_is_another_project(project: Make, tmp_path: Path, gone: bool) -> None:
    root = project("stack")
    keep(root)
    copy = tmp_path / "copy"
    if platform.WINDOWS:
        shutil.copytree(root, copy)
    else:
        subprocess.run(["cp", "-a", root, copy], check=True)
    if gone:
        shutil.rmtree(root)
    assert kept(copy) == ""
    assert state.make(copy).name.startswith("copy-")
    assert state.paths(copy) == {copy}


def start(root: Path) -> Path:
    """The record of a native service that was started."""
    record = state.make(root) / "native" / "web" / "state.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}", encoding="utf-8")
    return record


@posix_only
def test_what_runs_of_a_renamed_folder_is_not_its_copys(project: Make, tmp_path: Path) -> None:
    root, other = project("first"), tmp_path / "second"
    assert keep(root).parent == start(root).parent.parent.parent
    assert state.renamed(root) is None
    root.rename(other)
    shutil.copytree(other, root)
    assert (state.renamed(root), state.renamed(other)) == (other, None)
    state.make(root)  # a task of the copy takes its lock
    assert (state.renamed(root), kept(other)) == (other, "precious")
    state.settle(other)  # the services were stopped
    assert (state.renamed(root), kept(other), kept(root)) == (None, "precious", "")


@posix_only
def test_what_runs_no_more_is_whose_name_it_has(project: Make, tmp_path: Path) -> None:
    root, other = project("first"), tmp_path / "second"
    keep(root)
    start(root)
    root.rename(other)
    shutil.copytree(other, root)
    state.settle(root)  # its services have ended with the machine: the folder of that name starts them again
    assert (state.renamed(root), state.renamed(other), kept(root), kept(other)) == (None, None, "precious", "")


def test_a_new_folder_with_the_number_of_a_removed_one_does_not_get_it(
    project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = project("removed")
    keep(removed)
    number = removed.stat().st_ino
    shutil.rmtree(removed)
    new = project("new")
    real = state._place
    monkeypatch.setattr(state, "_place", lambda path: (real(path)[0], number) if path == new else real(path))
    assert kept(new) == ""


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "7",
        '{"path": 7, "place": []}',
        '{"path": "relative", "place": []}',
        '{"path": "/x", "place": ["y"]}',
        '{"path": "/x", "place": 7}',
        '{"path": "/x\\u0000", "place": [1, 2]}',
        "[" * 200_000,
        "\ufeff\0",
    ],
)
def test_a_note_that_says_nothing_is_as_none(project: Make, content: str) -> None:
    broken, other = project("broken"), project("other")
    (state.make(broken) / state.NOTE).write_text(content, encoding="utf-8")
    assert kept(other) == ""
    state.make(other)
    assert broken in state.paths(broken)
    state.make(broken)
    assert state.of(state.folder(broken)) == state.Project(broken, (broken.stat().st_dev, broken.stat().st_ino))


@pytest.mark.parametrize("content", ["[" * 200_000, "{", "", "\0", "x" * 2_000_000, '{"a": 1}' + " " * 2_000_000])
def test_a_file_that_makes_no_sense_is_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(content, encoding="utf-8")
    assert state.read(file) is None


@posix_only
@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "nothing"])
def test_what_is_no_file_is_as_none(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file.json"
    made: dict[str, Callable[[], Any]] = {
        "pipe": lambda: os.mkfifo(file),
        "folder": file.mkdir,
        "loop": lambda: file.symlink_to(file),
        "nothing": lambda: None,
    }
    made[kind]()
    assert state.read(file) is None


def test_what_is_written_is_read_and_private(tmp_path: Path) -> None:
    state.write(tmp_path / "file.json", {"a": ["ü", 1.5]})
    assert state.read(tmp_path / "file.json") == {"a": ["ü", 1.5]}
    assert platform.WINDOWS or (tmp_path / "file.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everywhere")
def test_a_folder_that_may_not_be_read_is_told(project: Make, home: Path) -> None:
    root = project("p")
    state.make(root)
    home.chmod(0)
    try:
        for look in (state.folder, state.make, state.paths, state.others):
            with pytest.raises(UsageError, match="Permission denied") as caught:
                look(root)
            assert caught.value.next == f"chmod -R u+rwX {home}"
    finally:
        home.chmod(0o700)


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_a_file_that_is_there_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "it.json"
    state.write(file, {"much": "x" * 500})
    monkeypatch.setattr(platform, "write_private", no_room)

    state.write(file, {"little": 1})

    assert state.read(file) == {"little": 1}
    assert file.stat().st_size > 500  # its room is kept


def test_what_a_full_disk_has_no_room_for_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "it.json"
    state.write(file, {"kept": 1})
    monkeypatch.setattr(platform, "write_private", no_room)
    monkeypatch.setattr(os, "fsync", no_room)

    with pytest.raises(OSError, match="No space"):
        state.write(file, {"new": "x" * 500})
    with pytest.raises(OSError, match="No space"):
        state.write(tmp_path / "other.json", {})

    assert state.read(file) == {"kept": 1}
