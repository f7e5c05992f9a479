"""One task at a time: the lock names its holder, and ends with it."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from upready.support import folders, lock, places, platform, state
from upready.support.errors import LockedError, UsageError

pytestmark = pytest.mark.costly

HOLDER = """
import sys
from pathlib import Path
from upready.support import lock
with lock.hold(Path(sys.argv[1]), "invoke dev"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def holding(root: Path, first: str = "") -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{first}\n{HOLDER}", str(root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with holding(tmp_path) as child:
        yield child


def place(root: Path) -> Path:
    """The file that is locked."""
    return state.make(root) / state.LOCK


def test_who_holds_it_is_told(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(LockedError, match=rf"invoke dev \(process {holder.pid}, for \d+ s\) is at work") as caught,
        lock.hold(tmp_path, "invoke stop"),
    ):
        pytest.fail("it was held by two")
    assert caught.value.code == 9
    assert "Ctrl-C" in caught.value.next
    assert int(caught.value.message.partition(", for ")[2].partition(" s)")[0]) < 300


def test_it_ends_with_its_holder_however_that_ends(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with lock.hold(tmp_path, "invoke stop"):
        pass


def test_it_can_be_taken_again_and_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within"), lock.hold(tmp_path, "one"):
        raise ValueError("within")
    with lock.hold(tmp_path, "two"):
        assert '"task": "two"' in place(tmp_path).read_text("utf-8")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"task": 1}',
        "\0\0",
        '{"task": "x", "pid": 1, "since": "y"}',
        '{"task": "x", "pid": 1e300, "since": 1}',
        '{"task": "x", "pid": -1, "since": 1}',
        "[" * 200_000,
        '{"task": "one that has ended", "pid": 4000000, "since": 1e9}',
        '{"task": "one that has ended, whose number is ours now", "pid": OURS, "since": 1e9}',
    ],
)
def test_who_does_not_stand_there_is_another_task(tmp_path: Path, holder: subprocess.Popen[str], content: str) -> None:
    place(tmp_path).write_text(content.replace("OURS", str(os.getpid())), encoding="utf-8")
    with pytest.raises(LockedError, match=r"^another task is at work"), lock.hold(tmp_path, "x"):
        pytest.fail("it was held by two")


@pytest.mark.skipif(platform.WINDOWS, reason="needs a limit for the size of files")
@pytest.mark.parametrize("room", [0, 256], ids=["empty", "held before"])
def test_a_full_disk_keeps_nobody_from_holding_it(tmp_path: Path, room: int) -> None:
    """A process whose files may not grow meets what a full disk would say."""
    if room:
        with lock.hold(tmp_path, "invoke dev"):
            pass
    place(tmp_path).touch()
    with holding(tmp_path, f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))") as child:
        # Where there was room once, the name of the holder needs no more.
        who = f"invoke dev \\(process {child.pid}, for" if room else "another task"
        with pytest.raises(LockedError, match=f"^{who}"), lock.hold(tmp_path, "x"):
            pytest.fail("it was held by two")


def test_what_an_earlier_holder_wrote_at_length_is_not_read_with_it(tmp_path: Path) -> None:
    place(tmp_path).write_text("x" * 5000, encoding="utf-8")
    with lock.hold(tmp_path, "two"):
        assert state.read(place(tmp_path))["task"] == "two"


@pytest.mark.skipif(platform.WINDOWS, reason="there are no pipes among files, and links need a right")
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "loop"])
def test_what_is_no_file_is_not_locked(tmp_path: Path, kind: str) -> None:
    other = tmp_path / "other"
    other.write_text("precious", encoding="utf-8")
    path = place(tmp_path)
    {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "link": lambda: path.symlink_to(other),
        "loop": lambda: path.symlink_to(path),
    }[kind]()
    with pytest.raises(UsageError, match="is not a file") as caught, lock.hold(tmp_path, "x"):
        pytest.fail("there is no lock")
    assert caught.value.next == f"rm -r {path}"
    assert other.read_text("utf-8") == "precious"


@pytest.mark.skipif(platform.WINDOWS, reason="modes say nothing there")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_it_is_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with lock.hold(tmp_path, "x"):
            pass
    finally:
        os.umask(before)
    assert place(tmp_path).stat().st_mode & 0o077 == 0
    assert place(tmp_path).parent.stat().st_mode & 0o777 == 0o700


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(platform, "try_lock", refuse)
    with pytest.raises(UsageError, match="No locks available") as caught, lock.hold(tmp_path, "x"):
        pytest.fail("there is no lock")
    assert places.VARIABLE in caught.value.next


def test_state_that_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("a file, not a folder", encoding="utf-8")
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot be written") as caught, lock.hold(tmp_path, "x"):
        pytest.fail("there is no lock")
    assert caught.value.next.startswith(("export OPS_STATE_DIR=", "set OPS_STATE_DIR="))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_used(tmp_path: Path) -> None:
    folder = state.make(tmp_path)
    (folder / "lock").touch(0o400)
    with pytest.raises(UsageError, match="cannot be written: Permission denied") as caught, lock.hold(tmp_path, "x"):
        pytest.fail("there is no lock")
    assert caught.value.next == f"chmod -R u+rwX {folder / 'lock'}"


@pytest.mark.skipif(platform.WINDOWS, reason="a folder cannot be locked there")
def test_it_needs_no_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        with folders.writing(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(folders, "make", refuse)
        with lock.hold(tmp_path, "one"):
            assert not (state.folder(tmp_path) / state.LOCK).exists()
            with pytest.raises(LockedError), lock.hold(tmp_path, "two"):
                pytest.fail("both have it")
            # Nor has it who finds room again.
            full.undo()
            with pytest.raises(LockedError), lock.hold(tmp_path, "three"):
                pytest.fail("both have it")
    with lock.hold(tmp_path, "four"):
        pass
