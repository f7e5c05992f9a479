"""`upready.support.process`: real children, their output, and that none outlives its caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from upready.support import platform, process

ROOT = Path(__file__).resolve().parents[2]
posix_only = pytest.mark.skipif(platform.WINDOWS, reason="sends POSIX signals")


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-u", "-c", textwrap.dedent(code), *arguments]


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
    return value


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# A child with a child of its own; both write their pids to a file. `ignore` makes the inner one deaf to interrupts
# and gives it no pipe of ours, so that nothing but its group leads to it.
FAMILY = """
import os, signal, subprocess, sys, time
path, deaf = sys.argv[1], sys.argv[2:] == ["ignore"]
inner = "import signal, time; " + ("signal.signal(signal.SIGINT, signal.SIG_IGN); " if deaf else "")
inner += "print('set', flush=True); time.sleep(300)"
child = subprocess.Popen([sys.executable, "-c", inner], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
child.stdout.readline()
with open(path + ".new", "w", encoding="utf-8") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.replace(path + ".new", path)
print("family", flush=True)
time.sleep(300)
"""


def pids(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text(encoding="utf-8").split()]


# --- run


def test_run_tells_the_code_and_keeps_the_streams_apart() -> None:
    command = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert process.run(command) == process.Result(tuple(command), 3, "out\n", "err\n")


@posix_only
def test_run_tells_the_signal_that_ended_the_child() -> None:
    assert process.run(python("import os; os.abort()")).code == -signal.SIGABRT


def test_run_without_such_a_program() -> None:
    with pytest.raises(FileNotFoundError):
        process.run(["no-such-program-here"])


def test_run_adds_variables_and_changes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    code = "import os; print(os.environ['KEPT'], os.environ['ADDED'], os.getcwd())"
    result = process.run(python(code), cwd=tmp_path, env={"ADDED": "$HOME & 'quotes'"})
    assert result.stdout == f"1 $HOME & 'quotes' {tmp_path.resolve()}\n"


def test_run_gives_text_as_utf8_or_an_empty_input() -> None:
    code = "import sys; print(sys.stdin.buffer.read().hex())"
    assert process.run(python(code), stdin="grün €").stdout == "grün €".encode().hex() + "\n"
    assert process.run(python(code)).stdout == "\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [("grün € 漢".encode(), "grün € 漢"), (b"a\xff\xfeb", "a\ufffd\ufffdb"), (b"half \xe2\x82", "half \ufffd")],
)
def test_output_is_utf8_whatever_the_locale_says(raw: bytes, text: str) -> None:
    command = python(f"import sys; sys.stdout.buffer.write({raw!r})")
    lines: list[str] = []
    assert process.run(command, env={"LC_ALL": "C", "PYTHONUTF8": "0"}).stdout == text
    assert process.stream(command, lines.append, env={"LC_ALL": "C"}) == 0
    assert lines == [text]


def test_run_reads_both_streams_however_full() -> None:
    code = "import sys; [print('x' * 1000, file=each) for _ in range(2000) for each in (sys.stdout, sys.stderr)]"
    result = process.run(python(code), timeout=60)
    assert len(result.stdout) == len(result.stderr) == 2000 * 1001


@pytest.mark.slow
def test_run_past_its_timeout_ends_the_whole_family(tmp_path: Path) -> None:
    path = tmp_path / "pids"
    with pytest.raises(subprocess.TimeoutExpired):
        process.run(python(FAMILY, str(path), "ignore"), timeout=5)
    # A process that was killed is there until the system has taken it away.
    deadline = time.monotonic() + 60
    while any(map(alive, pids(path))):
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- stream


def test_stream_runs_in_the_folder_that_it_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    assert process.stream(python("import os; print(os.getcwd())"), lines.append, cwd=tmp_path) == 0
    assert lines == [str(tmp_path.resolve())]


def test_stream_hands_over_lines_of_both_streams_as_they_come(tmp_path: Path) -> None:
    code = """
    import pathlib, sys, time
    print("first")
    while not pathlib.Path(sys.argv[1]).exists():
        time.sleep(0.01)
    print("second", file=sys.stderr)
    print("no end", end="")
    sys.exit(4)
    """
    seen = tmp_path / "seen"
    lines: list[str] = []

    def take(line: str) -> None:
        lines.append(line)
        seen.touch()  # the child waits for this: it comes only if the line arrived while the child ran

    assert process.stream(python(code, str(seen)), take) == 4
    assert lines == ["first", "second", "no end"]


def test_cancelled_stream_lets_the_child_say_goodbye() -> None:
    code = """
    import signal, sys, time
    signal.signal(signal.SIGBREAK if sys.platform == "win32" else signal.SIGINT, lambda *_: sys.exit("bye"))
    print("up")
    time.sleep(300)
    """
    cancel = threading.Event()
    lines: list[str] = []

    def take(line: str) -> None:
        lines.append(line)
        cancel.set()

    assert process.stream(python(code), take, cancel=cancel) == 1
    assert lines == ["up", "bye"]


@posix_only
def test_cancelled_stream_kills_what_does_not_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "INTERRUPT_GRACE", 0.3)
    path = tmp_path / "pids"
    cancel = threading.Event()
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + FAMILY
    assert process.stream(python(code, str(path), "ignore"), lambda _: cancel.set(), cancel=cancel) == -signal.SIGKILL
    wait_for(lambda: not any(alive(pid) for pid in pids(path)))


@pytest.mark.parametrize("deaf", [[], ["ignore"]], ids=["listening", "deaf"])
def test_failing_consumer_leaves_no_orphan(tmp_path: Path, deaf: Sequence[str]) -> None:
    path = tmp_path / "pids"

    def fail(_: str) -> None:
        raise ValueError("consumer")

    with pytest.raises(ValueError, match="consumer"):
        process.stream(python(FAMILY, str(path), *deaf), fail)
    wait_for(lambda: not any(alive(pid) for pid in pids(path)))


@posix_only
def test_interrupted_child_with_much_to_say_ends_by_itself(tmp_path: Path) -> None:
    code = """
    import pathlib, signal, sys, time
    def end(*_):
        print("x" * 1_000_000)  # more than a pipe holds
        pathlib.Path(sys.argv[1]).touch()
        sys.exit()
    signal.signal(signal.SIGINT, end)
    print("up")
    time.sleep(300)
    """

    def fail(_: str) -> None:
        raise ValueError("consumer")

    clean = tmp_path / "clean"
    with pytest.raises(ValueError, match="consumer"):
        process.stream(python(code, str(clean)), fail)
    assert clean.exists()


# --- Ctrl-C on the caller


def caller(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that uses `upready.support.process` and can be interrupted without interrupting the tests."""
    return subprocess.Popen(
        python(code, *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **platform.new_group(),
    )


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
@pytest.mark.parametrize("call", ["process.run(command)", "process.stream(command, print)"], ids=["run", "stream"])
def test_interrupted_caller_leaves_no_orphan(tmp_path: Path, call: str, number: signal.Signals) -> None:
    path = tmp_path / "pids"
    code = f"""
    import sys
    from upready.support import process
    from upready.support import signals
    signals.interrupt()
    command = [sys.executable, "-c", {FAMILY!r}, sys.argv[1], "ignore"]
    try:
        {call}
    except KeyboardInterrupt:
        sys.exit(130)
    """
    with caller(code, str(path)) as it:
        wait_for(path.exists)
        it.send_signal(number)
        it.communicate(timeout=90)
    assert it.returncode == 130
    assert [pid for pid in pids(path) if alive(pid)] == []


@posix_only
def test_second_interrupt_kills_a_child_that_takes_its_time(tmp_path: Path) -> None:
    stubborn = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: pathlib.Path(sys.argv[1], "asked").touch())
pathlib.Path(sys.argv[1], "pid.new").write_text(str(os.getpid()))
os.replace(pathlib.Path(sys.argv[1], "pid.new"), pathlib.Path(sys.argv[1], "pid"))
while True:
    time.sleep(1)
"""
    code = f"""
    import sys
    from upready.support import process
    process.INTERRUPT_GRACE = 600.0  # it is not waited for
    process.stream([sys.executable, "-c", {stubborn!r}, sys.argv[1]], print)
    """
    with caller(code, str(tmp_path)) as it:
        wait_for((tmp_path / "pid").exists)
        it.send_signal(signal.SIGINT)
        wait_for((tmp_path / "asked").exists)
        it.send_signal(signal.SIGINT)
        it.communicate(timeout=60)
    assert not alive(pids(tmp_path / "pid")[0])


# --- attach


def test_attached_child_has_our_streams_and_its_code_is_ours() -> None:
    code = """
    import sys
    from upready.support import process
    sys.exit(process.attach([sys.executable, "-c", "import sys; print(input()[::-1]); sys.exit(9)"]))
    """
    with caller(code) as it:
        assert it.communicate("abc\n", timeout=90)[0] == "cba\n"
    assert it.returncode == 9


@posix_only
def test_ctrl_c_is_the_attached_childs_to_answer() -> None:
    # Without a terminal the caller passes the signal on as well: the child may have it twice, one inside the other.
    child = (
        "import os, signal\nsignal.signal(signal.SIGINT, lambda *_: os.write(1, b'mine\\n'))\nprint('up', flush=True)\n"
    )
    # At its end Python gives a handled signal back to the system, and the second one may come that late.
    child += "while input(): pass\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nraise SystemExit(5)"
    code = f"""
    import sys
    from upready.support import process
    sys.exit(process.attach([sys.executable, "-c", {child!r}]))
    """
    with caller(code) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "up\n"
        os.killpg(it.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
        assert it.stdout.readline() == "mine\n"
        it.communicate("\n", timeout=90)
    assert it.returncode == 5


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_to_the_caller_alone_reaches_the_attached_child(number: signal.Signals) -> None:
    # Not by print: a handler that is called while `up` is flushed may not write to the same stream.
    child = f"""
import os, signal, time
signal.signal({number:d}, lambda number, _: (os.write(1, b'%d\\n' % number), os._exit(7)))
print('up', flush=True)
time.sleep(300)
"""
    code = f"""
    import sys
    from upready.support import process
    sys.exit(process.attach([sys.executable, "-c", {child!r}]))
    """
    with caller(code) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "up\n"
        it.send_signal(number)
        assert it.communicate(timeout=90)[0] == f"{number:d}\n"
    assert it.returncode == 7


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_attached_child_that_a_signal_ends_is_told_as_a_shell_tells_it(number: signal.Signals) -> None:
    code = f"""
    import sys
    from upready.support import process
    sys.exit(process.attach([sys.executable, "-c", "import os; os.kill(os.getpid(), {number:d})"]))
    """
    with caller(code) as it:
        it.communicate(timeout=90)
    assert it.returncode == 128 + number


@posix_only
def test_a_signal_that_the_caller_ignores_is_not_passed_on() -> None:
    child = "print('up', flush=True); input()"
    code = f"""
    import signal, sys
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from upready.support import process
    sys.exit(process.attach([sys.executable, "-c", {child!r}]))
    """
    with caller(code) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == "up\n"
        it.send_signal(signal.SIGHUP)
        it.communicate("\n", timeout=90)
    assert it.returncode == 0
