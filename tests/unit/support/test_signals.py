"""What a signal does: to a task at work, and to a process with nothing under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from upready.support import signals

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts this process's own signal handlers back."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = [signal.getsignal(each) for each in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_each_is_an_interrupt_while_a_task_is_at_work(handlers: None, name: str) -> None:
    signals.leave(5)
    signals.interrupt()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(getattr(signal, name))


def test_nohup_is_respected(handlers: None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.interrupt()
    signals.leave(5)
    signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


LATE = """
import sys, time
from upready.support import signals
signals.leave(3)
print("up", flush=True)
{}
"""


@pytest.mark.parametrize(
    "code",
    ["time.sleep(300)", "import threading\nthreading.Thread(target=time.sleep, args=(300,)).start()"],
    ids=["at work", "while Python waits for threads at its end"],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_comes_when_nothing_is_under_way_ends_with_the_code_and_without_a_word(
    code: str, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LATE.format(code)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == b"up\n"
        it.send_signal(number)
        assert it.communicate(timeout=90) == (b"", b"")
    assert it.returncode == 3


ON_A_TERMINAL = """
import os, pty, signal, sys
from upready.support import process

child = '''
import signal, sys, time
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
signal.signal(signal.SIGTERM, lambda *_: (print("heard", len(heard), flush=True), sys.exit(4)))
print("up", flush=True)
while True:
    time.sleep(0.01)
    if heard:
        print("pressed", flush=True)
        break
time.sleep(300)
'''
os.write(2, b"begin\\n")
sys.exit(process.attach([sys.executable, "-c", child]))
"""


def test_a_key_of_the_terminal_reaches_the_child_once() -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = str(ROOT)
        os.execv(sys.executable, [sys.executable, "-c", ON_A_TERMINAL])
    said = b""

    def read_until(word: bytes) -> None:
        nonlocal said
        while word not in said:
            said += os.read(terminal, 1024)

    read_until(b"up")
    os.write(terminal, b"\x03")
    read_until(b"pressed")
    # Passed on, another one would be there by now: the signals of one process to another come in order.
    os.kill(pid, signal.SIGTERM)
    read_until(b"heard 1")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4
    os.close(terminal)
