"""Reading what others write: regular files only, bounded, and an error that says what to do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from upready.support import files, platform
from upready.support.errors import EnvFileError, UsageError


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "it is a folder"),
    "pipe": (lambda path: os.mkfifo(path), "it is a pipe"),
    "socket": (lambda path: _bind(path), "it is a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "loop": (lambda path: path.symlink_to(path.name), "it is a link that leads back to itself"),
}


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\r\n\xff")
    assert files.read(tmp_path / "a") == b"one\r\n\xff"
    assert files.check(tmp_path / "a")
    assert files.start(tmp_path / "a", 2) == b"on"


@pytest.mark.parametrize("name", ["none", "none/below", "a/below"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").touch()
    assert files.read(tmp_path / name) is None
    assert not files.check(tmp_path / name)
    assert not files.there(tmp_path / name)
    assert files.start(tmp_path / name, 9) == b""


@pytest.mark.skipif(platform.WINDOWS, reason="links need a right there")
def test_a_link_is_followed_and_one_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "to").symlink_to("a")
    (tmp_path / "nowhere").symlink_to("gone")
    assert files.read(tmp_path / "to") == b"x"
    assert files.read(tmp_path / "nowhere") is None


@pytest.mark.skipif(platform.WINDOWS, reason="there are none of these among files")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_told_at_once(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    make, why = KINDS[kind]
    path = tmp_path / "x" if kind != "socket" else Path("x")
    make(path)
    assert files.there(path)
    for ask in (files.read, files.check):
        with pytest.raises(EnvFileError, match=f"^x cannot be read: {why}$") as caught:
            ask(path, EnvFileError)
        assert caught.value.next == "mv x x.old"
    with pytest.raises(EnvFileError, match=r"^x cannot be written: "):
        files.check_writable(path, EnvFileError)


def test_a_large_file_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3000)
    assert files.read(tmp_path / "a", limit=3000) == b"x" * 3000
    for ask in (files.read, files.check):
        with pytest.raises(UsageError, match="it holds more than 2 KiB"):
            ask(tmp_path / "a", limit=2999)


def test_the_empty_device_is_an_empty_file() -> None:
    assert files.read(Path(os.devnull)) == b""


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\ud800"])
def test_what_is_no_name_is_told(tmp_path: Path, name: str) -> None:
    if files.there(tmp_path / name):
        with pytest.raises(UsageError, match="cannot be read") as caught:
            files.read(tmp_path / name, name="it")
        assert caught.value.next
    assert not files.is_folder(tmp_path / name)


@pytest.mark.skipif(os.name != "posix", reason="modes say nothing there")
def test_what_may_not_be_read_says_who_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a").touch()

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if follow_symlinks:
            raise PermissionError(13, "Permission denied")
        return os.lstat(path)

    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != folder)
    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(UsageError, match=f"^a cannot be read: Permission denied: {folder} is closed") as caught:
        files.read(folder / "a")
    assert caught.value.next == f"chmod -R u+rwX {folder}"


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("ftp://host/x", True),
        ("S3://kept/", True),
        ("C:\\kept", False),
        ("c:/kept", False),
        ("//server/share", False),
        ("a://b", False),
        ("kept/x", False),
    ],
)
def test_an_address_is_told_from_a_path(place: str, url: bool) -> None:
    assert files.is_url(place) is url
