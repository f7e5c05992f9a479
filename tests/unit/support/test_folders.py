"""The user's own folders: where they are, that they are private, and what is said where there are none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs
import pytest

from tests.conftest import ROOT
from upready.support import folders, places, platform, shell_words
from upready.support.errors import UsageError

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="modes, owners and HOME are POSIX's")
root_only = pytest.mark.skipif(platform.WINDOWS or os.geteuid() != 0, reason="only root may be somebody else")

SAY = (
    "import sys; from pathlib import Path; from upready.support import folders; print(folders.state(Path(sys.argv[1])))"
)


def usual(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """As for a user who set nothing, with that home folder."""
    for name in [each for each in os.environ if each.startswith("XDG_") or each == places.VARIABLE]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("LOCALAPPDATA", str(home / "AppData" / "Local"))


def elsewhere(project: Path, variables: Mapping[str, str], *prefix: str) -> Path:
    """What another process finds for a project, with these variables only."""
    done = subprocess.run(
        [*prefix, sys.executable, "-c", SAY, str(project)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return Path(done.stdout.removesuffix("\n"))


def test_the_system_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual(monkeypatch, tmp_path / "home")
    (tmp_path / "home").mkdir()
    found = folders.state(tmp_path / "project")
    assert found == platformdirs.user_state_path("invoke-ops", appauthor=False)
    assert tmp_path / "home" in found.parents
    assert folders.cache(tmp_path / "project") == platformdirs.user_cache_path("invoke-ops", appauthor=False)
    assert list((tmp_path / "home").iterdir()) == []  # only looked for


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="has a place of its own")
def test_the_user_says_where_on_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual(monkeypatch, tmp_path)
    project = tmp_path / "project"
    assert folders.state(project) == tmp_path / ".local" / "state" / "invoke-ops"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert folders.state(project) == tmp_path / "elsewhere" / "invoke-ops"


def test_a_variable_of_our_own_says_where_on_every_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "own"))
    assert folders.state(tmp_path) == tmp_path / "own"
    assert folders.cache(tmp_path) == tmp_path / "own" / "cache"
    monkeypatch.setenv(places.VARIABLE, "relative")
    with pytest.raises(UsageError, match="OPS_STATE_DIR should be an absolute path, not 'relative'") as caught:
        folders.state(tmp_path)
    assert str(Path("relative").absolute()) in caught.value.next


@posix_only
def test_a_place_within_the_project_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual(monkeypatch, tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    for project in (tmp_path, tmp_path / "link"):
        assert folders.state(project) == folders.temporary()
        assert folders.cache(project) == folders.temporary() / "cache"
    assert folders.state(tmp_path / "project") != folders.temporary()


@root_only
def test_a_user_without_a_home_has_a_place_all_the_same(tmp_path: Path) -> None:
    user = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    for variables in ({}, {"HOME": "/nonexistent"}, {"HOME": "/"}, {"HOME": str(tmp_path)}):
        found = elsewhere(tmp_path / "project", variables, *user)
        assert found.name == "invoke-ops-54321"
        assert found.parent in (Path("/var/tmp"), Path("/tmp"))


@posix_only
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_what_is_made_is_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folders.make(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert [each.stat().st_mode & 0o777 for each in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]
    tmp_path.chmod(0o755)
    folders.make(tmp_path / "a")
    assert tmp_path.stat().st_mode & 0o777 == 0o755  # what was there is left alone


@root_only
def test_what_root_makes_in_a_users_home_is_the_users(tmp_path: Path) -> None:
    os.chown(tmp_path, 54321, 54321)
    folders.make(tmp_path / "a" / "b")
    assert [each.stat().st_uid for each in (tmp_path / "a", tmp_path / "a" / "b")] == [54321, 54321]


@root_only
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_another_users_folder_among_the_temporary_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(platform, "temporary_folder", lambda: tmp_path)
    trap = folders.temporary()
    if kind == "link":
        (tmp_path / "theirs").mkdir()
        trap.symlink_to(tmp_path / "theirs")
    else:
        trap.mkdir()
    os.chown(trap, 54321, 54321, follow_symlinks=False)
    with pytest.raises(UsageError, match="belongs to another user") as caught:
        folders.make(trap / "project")
    assert caught.value.next == f"export OPS_STATE_DIR={trap}-2"


@root_only
def test_the_command_that_helps_is_told(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "it's theirs"
    for each in (mine, theirs):
        each.mkdir()
    os.chown(theirs, 54321, 54321)
    assert shell_words.access_command(mine / "deeper") == f"chmod -R u+rwX {mine}"
    command = shell_words.access_command(theirs / "deeper").removeprefix("sudo ")
    subprocess.run(["sh", "-c", command], check=True)
    assert theirs.stat().st_uid == os.geteuid()


def test_the_commands_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setenv("TEMP", "C:/Users/Ann/Temp")
    monkeypatch.setenv("USERNAME", "Ann")
    assert folders.temporary() == Path("C:/Users/Ann/Temp/invoke-ops-Ann")
    assert shell_words.assignment("A", "C:\\b c") == "set A=C:\\b c"
    assert shell_words.move_command(Path("a b"), Path("c")) == 'move "a b" "c"'
    assert shell_words.access_command(Path("a b")) == 'icacls "a b" /grant "%USERNAME%:(OI)(CI)F" /T'
    assert not platform.belongs_to_another(Path("nowhere"))
