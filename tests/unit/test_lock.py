"""One task at a time: the lock names its holder, and ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops import lock
from ops.errors import LockedError, UsageError
from tests.conftest import ROOT

HOLDER = """
import sys
from pathlib import Path
from ops import lock
with lock.hold(Path(sys.argv[1]), "invoke dev"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
        child.kill()


def test_who_holds_it_is_told(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(LockedError, match=rf"invoke dev \(process {holder.pid}, for \d+ s\) is at work") as caught,
        lock.hold(tmp_path, "invoke stop"),
    ):
        pytest.fail("it was held by two")
    assert caught.value.code == 9
    assert "Ctrl-C" in caught.value.next


def test_it_ends_with_its_holder_however_that_ends(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with lock.hold(tmp_path, "invoke stop"):
        pass


def test_it_can_be_taken_again_and_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within"), lock.hold(tmp_path, "one"):
        raise ValueError("within")
    with lock.hold(tmp_path, "two"):
        assert '"task": "two"' in (tmp_path / ".ops" / "lock").read_text("utf-8")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"task": 1}', "\0\0", '{"task": "x", "pid": 1, "since": "y"}'])
def test_an_unreadable_holder_is_another_task(tmp_path: Path, content: str) -> None:
    file = tmp_path / "lock"
    file.write_text(content, encoding="utf-8")
    assert lock._held(str(file)).message == "another task is at work on this project"


def test_state_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / lock.STATE).write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(UsageError, match=r"\.ops cannot be written") as caught, lock.hold(tmp_path, "x"):
        pytest.fail("there is no lock")
    assert caught.value.next


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UsageError, match="cannot be written"), lock.hold(tmp_path, "x"):
            pytest.fail("there is no lock")
    finally:
        tmp_path.chmod(0o700)
