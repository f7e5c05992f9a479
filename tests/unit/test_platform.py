"""Locks, private files and process groups, on this system and with Windows put in its place."""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import subprocess
import sys
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.support import platform

ROOT = Path(__file__).resolve().parents[2]
posix_only = pytest.mark.skipif(platform.WINDOWS, reason="POSIX modes, links and signals")

HOLDER = """
import subprocess, sys
from upready.support import platform
file = open(sys.argv[1], "a+", encoding="utf-8")
assert platform.try_lock(file)
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
"""


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)


# --- locks


def test_lock_is_refused_while_another_process_holds_it_and_free_once_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        # The holder's own child outlives it for a moment: it must not have inherited the lock.
        assert int(holder.stdout.readline()) > 0
        with path.open("a+", encoding="utf-8") as file:
            assert not platform.try_lock(file)
            holder.kill()
            holder.wait()
            assert platform.try_lock(file)


def test_lock_of_a_file_system_without_locks_is_an_error_not_a_held_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def flock(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="No locks"):
        platform.try_lock(io.StringIO())


def test_lock_on_windows_leaves_content_readable_and_the_position_unmoved(
    windows: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held: set[int] = set()

    def locking(descriptor: int, mode: int, count: int) -> None:
        assert (mode, count) == (2, 1)
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        if place in held:
            raise PermissionError(13, "Permission denied")
        held.add(place)

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    path = tmp_path / "lock"
    path.write_text("who holds it", encoding="utf-8")
    with path.open("r+", encoding="utf-8") as first, path.open("r+", encoding="utf-8") as second:
        assert platform.try_lock(first)
        assert not platform.try_lock(second)
        assert first.read() == second.read() == "who holds it"
        assert min(held) > path.stat().st_size
        first.write(", and since when")
    assert path.read_text(encoding="utf-8") == "who holds it, and since when"


# --- private files


@posix_only
def test_private_file_is_for_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("OLD=1\n", encoding="utf-8")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        platform.write_private(path, "KEY=geheim ü\r\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == "KEY=geheim ü\r\n".encode()


@posix_only
def test_private_file_behind_a_link_is_written_and_the_link_stays(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "secrets"
    target.parent.mkdir()
    link = tmp_path / ".env"
    link.symlink_to(target)
    platform.write_private(link, "A=1\n")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "A=1\n"
    assert sorted(tmp_path.rglob("*")) == [link, target.parent, target]


def test_private_file_in_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        platform.write_private(tmp_path / "missing" / ".env", "A=1\n")


def test_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("OLD=1\n", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        platform.write_private(path, "A=1\nB=\ud800\n")
    assert path.read_text(encoding="utf-8") == "OLD=1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_half_written_file_has_a_name_that_git_and_docker_ignore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[str] = []

    def replace(self: Path, _: Path) -> None:
        seen.append(self.name)
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="disk full"):
        platform.write_private(tmp_path / ".env", "A=1\n")
    assert seen[0].startswith(".env.")
    assert list(tmp_path.iterdir()) == []


def test_private_file_begun_on_another_disk_arrives_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder, path = tmp_path / "state", tmp_path / "project" / ".env"
    for each in (folder, path.parent):
        each.mkdir()
    path.write_text("OLD=1\n", encoding="utf-8")
    looked: list[Path] = []
    move = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    platform.write_private(path, "A=1\n", lambda new: looked.append(new.parent), folder=folder)
    assert looked == [folder]
    assert path.read_text(encoding="utf-8") == "A=1\n"
    assert platform.WINDOWS or stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == []
    assert list(path.parent.iterdir()) == [path]


WRITER = """
import sys
from pathlib import Path
from upready.support import platform
print("ready", flush=True)
while True:
    for letter in "AB":
        platform.write_private(Path(sys.argv[1]), letter * 500_000)
"""


def test_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A" * 500_000, encoding="utf-8")
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline()
            for _ in range(20):  # read while it writes: never half a file
                assert path.read_text(encoding="utf-8") in ("A" * 500_000, "B" * 500_000)
            writer.kill()
    assert path.read_text(encoding="utf-8") in ("A" * 500_000, "B" * 500_000)


# --- process groups, as Windows has them


class Child:
    """Stands for a `Popen` of Windows: what is asked of it is what the test looks at."""

    pid = 4711

    def __init__(self, refuse: OSError | None = None) -> None:
        self.signals: list[int] = []
        self.refuse = refuse

    def send_signal(self, number: int) -> None:
        if self.refuse:
            raise self.refuse
        self.signals.append(number)


def test_child_on_windows_gets_a_group_and_is_interrupted_by_break(windows: None) -> None:
    child: Any = Child()
    assert platform.new_group() == {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP, without which Break hits us too
    platform.interrupt(child)
    assert child.signals == [1]  # CTRL_BREAK_EVENT: a new group ignores Ctrl-C


def test_child_on_windows_without_a_console_cannot_be_interrupted_and_that_is_no_error(windows: None) -> None:
    child: Any = Child(refuse=OSError(22, "The handle is invalid"))
    platform.interrupt(child)
    assert child.signals == []


def test_child_on_windows_is_killed_with_its_tree(windows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    child: Any = Child()
    platform.kill(child)
    assert commands == [["taskkill", "/T", "/F", "/PID", "4711"]]


# --- names and places


# --- termination


# --- processes that outlive the task


def test_detached_child_on_windows_has_neither_our_console_nor_our_group(windows: None) -> None:
    assert platform.detached() == {"creationflags": 0x0800_0000 | 0x200}  # CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP


@posix_only
def test_detached_child_has_a_session_of_its_own() -> None:
    code = "import os, sys; sys.exit(os.getsid(0) != os.getpid())"
    assert subprocess.run([sys.executable, "-c", code], check=False, **platform.detached()).returncode == 0


class Ending:
    """Stands for a `psutil.Process`: what is asked of it is what the test looks at."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def send_signal(self, number: int) -> None:
        self.asked.append(number)

    def terminate(self) -> None:
        self.asked.append("terminate")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_windows_has_no_signals_that_reach_a_process_without_a_console(windows: None, name: str) -> None:
    process: Any = Ending()
    platform.ask_to_end(process, name)
    assert process.asked == ["terminate"]


@posix_only
def test_a_process_is_asked_with_its_own_signal_or_told_to_end_where_that_is_none() -> None:
    process: Any = Ending()
    for name in ("SIGINT", "INT", "2", "SIGFROB"):
        platform.ask_to_end(process, name)
    assert process.asked == [signal.SIGINT, signal.SIGINT, signal.SIGINT, "terminate"]


def test_only_what_tells_of_the_machine_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        **dict.fromkeys(("PATH", "HOME", "LC_ALL", "https_proxy", "NODE_EXTRA_CA_CERTS", "SystemRoot"), "kept"),
        **dict.fromkeys(("DATABASE_URL", "OPENROUTER_API_KEY", "PYTHONPATH", "NODE_OPTIONS", "PATHS"), "not"),
    }
    monkeypatch.setattr(os, "environ", environment)
    assert set(platform.machine_environment()) == {name for name, value in environment.items() if value == "kept"}


@pytest.mark.parametrize("elevated", [0, 1])
def test_an_elevated_process_of_windows_is_privileged(
    windows: None, monkeypatch: pytest.MonkeyPatch, elevated: int
) -> None:
    import ctypes

    shell = types.SimpleNamespace(IsUserAnAdmin=lambda: elevated)
    monkeypatch.setattr(ctypes, "windll", types.SimpleNamespace(shell32=shell), raising=False)
    assert platform.privileged() is bool(elevated)


@posix_only
@pytest.mark.parametrize("user", [0, 1000])
def test_root_is_privileged(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert platform.privileged() is (user == 0)


def test_a_file_that_somebody_has_open_is_tried_again_on_windows(
    windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "time", SimpleNamespace(sleep=lambda _: None))
    refusals = [PermissionError(13, "in use")] * 3

    def remove() -> str:
        if refusals:
            raise refusals.pop()
        return "removed"

    assert platform.patiently(remove) == "removed"
    refusals = [PermissionError(13, "in use")] * 1000
    with pytest.raises(PermissionError):
        platform.patiently(remove)
    assert len(refusals) > 900


@posix_only
def test_what_is_refused_elsewhere_is_refused_at_once() -> None:
    tries: list[None] = []

    def remove() -> None:
        tries.append(None)
        raise PermissionError(13, "not yours")

    with pytest.raises(PermissionError):
        platform.patiently(remove)
    assert len(tries) == 1


def test_an_exit_code_is_told_as_a_container_would_have_it() -> None:
    assert [platform.exit_code(code) for code in (0, 7, -9, -15)] == [0, 7, 137, 143]


@pytest.mark.parametrize("shell", [None, "C:\\shell.exe"])
def test_the_shell_of_windows(windows: None, monkeypatch: pytest.MonkeyPatch, shell: str | None) -> None:
    monkeypatch.setattr(os, "environ", {"SHELL": "/bin/sh", **({"COMSPEC": shell} if shell else {})})
    assert platform.shell() == [shell or "cmd.exe"]


def test_a_terminal_is_told_without_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"TERM": "xterm", "TOKEN": "secret"})
    assert platform.terminal_environment() == {"TERM": "xterm"}


def test_another_program_on_windows_is_a_child_whose_code_is_ours(
    windows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def call(command: list[str]) -> int:
        commands.append(command)
        return 7

    monkeypatch.setattr(subprocess, "call", call)
    with pytest.raises(SystemExit) as ended:
        platform.become(["postgres.exe", "-D", "x"])
    assert ended.value.code == 7
    assert commands == [["postgres.exe", "-D", "x"]]
