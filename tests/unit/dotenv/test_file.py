"""A write is whole or not at all: killed at any moment, or raced by others, `.env` is the old file or the new one."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upready.dotenv import change, check, values, writer
from upready.stack.selection import Stack
from upready.support import platform, state
from upready.support.errors import EnvFileError, LockedError

from .conftest import ROOT

SIZE = 400_000

# Says "ready", then forks a child for each line that it is given, which writes for ever; tells its number, and waits
# until it has been killed. So that each child is at work at once, everything is imported before.
WRITERS = """
import itertools, os, sys
from pathlib import Path
from upready.dotenv import change, creation, writer
from upready.stack.selection import Stack

root, size = Path(sys.argv[1]), int(sys.argv[2])
stack = Stack(root, "dev", (root / "compose.yaml",), (), "killed", {})

def write(letter):
    with writer.locked(root):
        writer.write(root / ".env", "A=" + letter * size + "\\n")

def set_one(letter):
    change.change(stack, "A", letter * 1000)

def initialise(letter):
    creation.initialise(stack)
    change.change(stack, "A", letter * 1000)

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        for letter in itertools.cycle("abcdefghij"):
            globals()[line.strip()](letter)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


class Writers:
    """Children that write a `.env`, and are killed."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITERS, str(root), str(SIZE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._read() == "ready"

    def kill(self, how: str, after: float) -> None:
        """Let a child write in one of the ways for so many seconds, then kill it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{how}\n")
        self._process.stdin.flush()
        child = int(self._read())
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
        assert self._read() == "gone"

    def end(self) -> None:
        """End their parent, too."""
        self._process.communicate("")

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[Writers]:
    started = Writers(tmp_path)
    yield started
    started.end()


def leftovers(root: Path) -> list[str]:
    return [each.name for each in state.make(root).iterdir() if each.name.startswith(".env.")]


@pytest.mark.slow
@pytest.mark.skipif(platform.WINDOWS, reason="there is no SIGKILL; the replacement is the system's own there")
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path, writers: Writers) -> None:
    path = tmp_path / ".env"
    chance = random.Random(3)
    seen, left, rounds = set(), 0, 0
    # Until they have been met at different moments: on a busy machine a child writes later.
    while rounds < 170 or len(seen) <= 2 or left <= 5:
        rounds += 1
        writers.kill("write", chance.uniform(0.0, 0.03 * (1 + rounds // 170)))
        if path.exists():
            text = path.read_text("utf-8")
            assert text == f"A={text[2] * SIZE}\n"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            seen.add(text[2])
        # What one leaves behind, the next one removes.
        assert len(leftovers(tmp_path)) <= 1
        left += len(leftovers(tmp_path))
        assert rounds < 5000
    assert sorted(each.name for each in tmp_path.iterdir()) == [".env"]


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.skipif(platform.WINDOWS, reason="there is no SIGKILL; the replacement is the system's own there")
@pytest.mark.parametrize("how", ["set_one", "initialise"])
def test_a_task_killed_at_any_moment_leaves_a_whole_file(
    make_stack: Callable[..., Stack], writers: Writers, how: str
) -> None:
    rest = "# mine\nB='two words'\n"
    schema = "A=0\nB=\n# It.\n# @generate=secret(length=32)\nSECRET=\n"
    whole = {
        "set_one": re.escape(f"A={{}}\n{rest}").replace(r"\{\}", r"(0|([a-j])\2{999})"),
        "initialise": re.escape(f"A={{}}\n{rest}").replace(r"\{\}", r"(0|([a-j])\2{999})")
        + r"(\n# It\.\n# @generate=secret\(length=32\)\nSECRET=[\w-]{32}\n)?",
    }[how]
    chance = random.Random(3)
    began = time.monotonic()
    change.change(make_stack("A=0\n"), "A", "1")
    took = time.monotonic() - began
    seen = set()
    for _ in range(15):
        stack = make_stack(f"A=0\n{rest}", schema=schema)
        writers.kill(how, chance.uniform(0.0, 2.5 * took))
        text = stack.env_file.read_text("utf-8")
        assert re.fullmatch(whole, text), text
        seen.add(len(text))
        assert len(leftovers(stack.root)) <= 1
    assert len(seen) > 1
    deadline = time.monotonic() + 10
    # A compose that was just being started may hold the lock a moment longer.
    while leftovers(stack.root) and time.monotonic() < deadline:
        check(stack)
    assert leftovers(stack.root) == []


def test_two_writers_at_once_lose_nothing(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("".join(f"V{number}=0\n" for number in range(8)))
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            change.change(stack, f"V{number}", f"new {number}")
        except BaseException as error:  # noqa: BLE001 - told by the test itself
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {each.name: each.text for each in values(stack)} == {f"V{number}": f"new {number}" for number in range(8)}


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAIT", 0.1)
    with writer.locked(tmp_path), pytest.raises(LockedError, match="another task is writing"), writer.locked(tmp_path):
        pytest.fail("two at once")


def test_what_the_look_refuses_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=old\n", encoding="utf-8")

    def refuse(new: Path) -> None:
        assert new.read_text("utf-8") == "A=new\n"
        raise EnvFileError("no")

    with pytest.raises(EnvFileError, match="no"):
        writer.write(path, "A=new\n", refuse)
    assert path.read_text("utf-8") == "A=old\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [".env"]
    assert leftovers(tmp_path) == []


def test_what_a_killed_writer_leaves_is_ignored_by_git_and_removed_by_the_next_check(
    make_stack: Callable[..., Stack],
) -> None:
    stack = make_stack("A=1\n")
    (stack.root / ".gitignore").write_text(".env\n", encoding="utf-8")

    def look(new: Path) -> None:
        # As if it were killed now.
        shutil.copy(new, new.with_name(".env.abcd1234.tmp"))
        subprocess.run(["git", "init", "-q"], cwd=stack.root, check=True)
        listed = ["git", "ls-files", "--others", "--exclude-standard"]
        seen = subprocess.run(listed, cwd=stack.root, check=True, capture_output=True, text=True).stdout
        assert seen.split() == [".gitignore", "compose.yaml"]
        # While one writes, nobody removes what it has not put in place yet.
        check(stack)
        assert new.exists()

    with writer.locked(stack.root):
        writer.write(stack.env_file, "A=2\n", look)
    assert leftovers(stack.root) == [".env.abcd1234.tmp"]
    check(stack)
    assert leftovers(stack.root) == []


@pytest.mark.skipif(platform.WINDOWS, reason="folders have no write mode there")
def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root may write anywhere, so the refusal itself is played.
    monkeypatch.setattr(platform, "write_private", refuse)
    with pytest.raises(EnvFileError, match=r"\.env cannot be written: Permission denied"):
        writer.write(tmp_path / ".env", "A=1\n")


@pytest.mark.skipif(platform.WINDOWS, reason="links need a privilege there")
def test_a_link_stays_a_link(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    stack = make_stack(None)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "values").write_text("A=1\n", encoding="utf-8")
    stack.env_file.symlink_to(tmp_path / "elsewhere" / "values")
    change.change(stack, "A", "2")
    assert stack.env_file.is_symlink()
    assert (tmp_path / "elsewhere" / "values").read_text("utf-8") == "A=2\n"


def test_compose_reading_something_else_than_meant_keeps_the_old_file(make_stack: Callable[..., Stack]) -> None:
    # The quote of A is open for compose and closed by B's, so a change of B would change A.
    before = "A='x\nB='y'\nC=1\n"
    stack = make_stack(before)
    with pytest.raises(EnvFileError):
        change.change(stack, "C", "2")
    assert stack.env_file.read_text("utf-8") == before
