"""The end of a service's processes, whatever they do against it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.native.conftest import until
from upready.runtime.native import env_mark, process_tree, service
from upready.support import platform
from upready.support.errors import StartError

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def deaf() -> Iterator[list[psutil.Popen]]:
    """Two processes that do not listen to SIGTERM."""
    found = [psutil.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) for _ in range(2)]
    for each in found:
        assert each.stdout.readline() == b"deaf\n"
    yield found
    for each in found:
        each.kill()
        each.wait()
        each.stdout.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATIENCE", "LAST_CHANCE"):
        monkeypatch.setattr(process_tree, name, 0.05)


@pytest.mark.skipif(platform.WINDOWS, reason="POSIX signals")
def test_one_that_is_started_while_the_others_are_killed_is_killed_too(deaf: list[psutil.Popen], quick: None) -> None:
    parent, late = (psutil.Process(each.pid) for each in deaf)

    def marked() -> list[psutil.Process]:
        # A parent that does not listen starts its worker again, just before it is killed itself.
        return [parent] if env_mark.lives(parent) else [late] if env_mark.lives(late) else []

    ended = process_tree.end(None, None, marked, signal="SIGTERM", grace=0)
    assert ended
    assert (ended.killed, ended.left) == (2, ())
    assert not env_mark.lives(late)


class Undying:
    """A process that nothing ends, say another user's."""

    pid = 4711

    def is_running(self) -> bool:
        return True

    def status(self) -> str:
        return str(psutil.STATUS_RUNNING)

    def children(self, recursive: bool) -> list[psutil.Process]:
        raise psutil.AccessDenied(self.pid)

    def terminate(self) -> None:
        raise psutil.AccessDenied(self.pid)

    kill = terminate


def test_what_lives_on_is_told_and_stays_on_record(
    quick: None, root: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_tree, "KILLED_WITHIN", 0.05)  # it does not end however long it is waited for
    run("pass")
    until(lambda: not service.runs(service.look(root, "it")))
    with monkeypatch.context() as patched:
        patched.setattr(env_mark, "find", lambda *_: iter([(Undying(), env_mark.Marker("it", "x", root))]))
        with pytest.raises(StartError, match="it could not be stopped: process 4711 still runs"):
            service.stop(root, "it")
    assert service.look(root, "it") is not None


@pytest.mark.skipif(platform.WINDOWS, reason="POSIX signals")
def test_on_windows_a_service_is_ended_without_a_signal(
    deaf: list[psutil.Popen], monkeypatch: Any, quick: None
) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    first = psutil.Process(deaf[0].pid)
    # Here `terminate` is SIGTERM, which this one does not listen to: it is killed after its grace.
    ended = process_tree.end(first, None, list, signal="SIGINT", grace=0.05)
    assert ended
    assert (ended.told, ended.killed, ended.left) == (1, 1, ())


def test_a_child_without_the_mark_is_ended_with_its_reloader_killed(root: Path, run: Any) -> None:
    """A worker that has cleared its environment, below a launcher that has not."""
    bare = "import time; print('bare', flush=True); time.sleep(600)"
    launcher = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]], env={}); "
    run(
        """
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
        time.sleep(600)
        """,
        launcher + "time.sleep(600)",
        bare,
    )
    until(lambda: "bare" in service.last_lines(root, "it", 10))
    found = service.look(root, "it")
    assert found
    assert found.process
    below = psutil.Process(found.process.pid).children(recursive=True)
    assert len(below) == 2
    psutil.Process(found.process.pid).kill()
    service.stop(root, "it")
    assert not any(env_mark.lives(each) for each in below)


def test_a_sample_has_all_processes_of_a_service(tmp_path: Path) -> None:
    """Each of the two takes 50 MB, and half a second of the processor."""
    work = "import pathlib, sys, time\nheld = b'x' * 50_000_000\nwhile time.process_time() < 0.5: pass\n"
    work += "pathlib.Path(sys.argv[1]).touch()\n"
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    child = work + "sys.stdin.read()"
    code = f"{work}import subprocess\nsubprocess.run([sys.executable, '-c', {child!r}, {str(inner)!r}])"
    with subprocess.Popen([sys.executable, "-c", code, str(outer)], stdin=subprocess.PIPE) as first:
        try:
            until(lambda: inner.exists() and outer.exists())
            found = process_tree.sample(psutil.Process(first.pid))
            assert found.cpu > 0.9
            assert found.memory > 90_000_000
        finally:
            assert first.stdin
            first.stdin.close()
