"""A write is whole or not at all: killed at any moment, or raced by others, `.env` is the old file or the new one."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import platform
from ops.dotenv import change, file, values
from ops.errors import EnvFileError, LockedError
from ops.stack import Stack

from .conftest import ROOT

SIZE = 400_000
KILLS = 200

# Writes the file with one letter after the other, for ever, and tells when it has begun.
WRITER = """
import sys
from pathlib import Path
from ops.dotenv import file
root = Path(sys.argv[1])
letters = "abcdefghij"
print("ready", flush=True)
while True:
    for letter in letters:
        with file.writing(root):
            file.write(root / ".env", "A=" + letter * int(sys.argv[2]) + "\\n")
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.WINDOWS, reason="there is no SIGKILL; the replacement is the system's own there")
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    chance = random.Random(3)
    seen = set()
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(SIZE)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert writer.stdout is not None
        with writer.stdout:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.03))
            writer.kill()
            writer.wait()
        if path.exists():
            text = path.read_text("utf-8")
            assert text == f"A={text[2] * SIZE}\n"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            seen.add(text[2])
    # The writer was met at different moments, and what it left behind is what git and image builds ignore.
    assert len(seen) > 2
    left = [each.name for each in tmp_path.iterdir() if each.name not in (".env", ".ops")]
    assert all(name.startswith(".env.") and name.endswith(".tmp") for name in left)
    assert len(left) <= 1
    with file.writing(tmp_path):
        file.write(path, "A=1\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == [".env", ".ops"]


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
    monkeypatch.setattr(file, "WAIT", 0.1)
    with file.writing(tmp_path), pytest.raises(LockedError, match="another task is writing"), file.writing(tmp_path):
        pytest.fail("two at once")


def test_what_the_look_refuses_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=old\n", encoding="utf-8")

    def refuse(new: Path) -> None:
        assert new.read_text("utf-8") == "A=new\n"
        raise EnvFileError("no")

    with pytest.raises(EnvFileError, match="no"):
        file.write(path, "A=new\n", refuse)
    assert path.read_text("utf-8") == "A=old\n"
    assert [each.name for each in tmp_path.iterdir()] == [".env"]


@pytest.mark.skipif(platform.WINDOWS, reason="folders have no write mode there")
def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root may write anywhere, so the refusal itself is played.
    monkeypatch.setattr(platform, "write_private", refuse)
    with pytest.raises(EnvFileError, match=r"\.env cannot be written: Permission denied"):
        file.write(tmp_path / ".env", "A=1\n")


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
