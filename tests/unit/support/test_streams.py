"""The standard streams of a task in whatever state: in processes of their own, with streams as a shell would give."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.costly

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such streams")
linux_only = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")

PRELUDE = (
    "import os, sys, threading, time\nfrom upready import report\nfrom upready.support import streams\n"
    "streams.prepare()\n"
)


def run(code: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a piece of Python; its streams are pipes where `how` says nothing else."""
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + code],
        timeout=60,
        **{**streams, "env": environment(), **how},
    )


def environment(**more: str) -> dict[str, str]:
    """The variables of such a process."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def unread() -> int:
    """The writing end of a pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def unwritable() -> int:
    return os.open(os.devnull, os.O_RDONLY)


def without_peer() -> int:
    ours, theirs = socket.socketpair()
    theirs.close()
    return ours.detach()


BROKEN = [
    pytest.param(unread, id="pipe"),
    pytest.param(full, id="full", marks=linux_only),
    pytest.param(unwritable, id="read only", marks=posix_only),
    pytest.param(without_peer, id="socket", marks=posix_only),
]

TALK = """
def talk():
    for _ in range(2000):
        report.say("x" * 100)
        report.warn("y" * 100)
        report.document({"z": "z" * 100})
        print("plain")
        sys.stderr.write("plain")
talk()
thread = threading.Thread(target=talk)
thread.start()
thread.join()
sys.stdout.write("left for the end")
open(PLACE, "w").write("done")
sys.exit(3)
"""


@pytest.mark.nightly(day=8)
@pytest.mark.costly
@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("names", [("stdout",), ("stderr",), ("stdout", "stderr")], ids="+".join)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_the_work_goes_on_and_its_code_is_kept(
    tmp_path: Path, broken: Callable[[], int], names: tuple[str, ...], unbuffered: str
) -> None:
    descriptors = {name: broken() for name in names}
    code = TALK.replace("PLACE", repr(str(tmp_path / "place")))
    done = run(code, env=environment(PYTHONUNBUFFERED=unbuffered), **descriptors)
    for each in descriptors.values():
        os.close(each)
    assert (tmp_path / "place").read_text() == "done"
    assert done.returncode == 3
    assert b"Traceback" not in (done.stderr or b"") + (done.stdout or b"")


@posix_only
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_a_closed_stream_is_the_null_device_for_children_too(tmp_path: Path, closed: tuple[int, ...]) -> None:
    place = tmp_path / "place"
    code = f"""
import subprocess
for _ in range(3):
    with open({str(place)!r}, "w") as file:  # its number must be none of the three
        assert file.fileno() > 2
        print("out")
        report.warn("err")
        assert sys.stdin.read() == ""
        child = "import sys; print(1); sys.stderr.write('2'); assert sys.stdin.read() == ''; sys.exit(5)"
        done = subprocess.run([sys.executable, "-c", child]).returncode
        file.write(f"{{done}} {{streams.no_input()}}")
"""
    done = run(code, preexec_fn=lambda: [os.close(each) for each in closed])
    assert done.returncode == 0, done.stderr
    assert place.read_text() == f"5 {0 in closed}"


@posix_only
def test_an_input_that_is_empty_is_not_a_closed_one() -> None:
    assert run("print(streams.no_input())").stdout == b"False\n"


CHECK = """
def check(**how):
    try:
        streams.check(**how)
    except streams.LostError:
        return "lost"
    return "there"
"""


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        pytest.param(unread, "", id="pipe"),
        pytest.param(full, "No space left on device", id="full", marks=linux_only),
        pytest.param(without_peer, "", id="socket", marks=posix_only),
    ],
)
def test_what_only_prints_learns_that_nobody_reads(broken: Callable[[], int], problem: str) -> None:
    out = broken()
    code = CHECK + "before = check()\nreport.line({})\nsys.stderr.write(f'{before} {check()} {streams.problem()}')"
    done = run(code, stdout=out)
    os.close(out)
    assert done.stderr.decode() == f"there lost {problem}"


@posix_only
@pytest.mark.parametrize("broken", [unread, without_peer])
def test_a_reader_that_has_gone_is_noticed_without_writing(broken: Callable[[], int]) -> None:
    out = broken()
    done = run(CHECK + "sys.stderr.write(check(look=True))", stdout=out)
    os.close(out)
    assert done.stderr == b"lost"


@posix_only
def test_a_reader_that_is_there_and_a_file_are_not_taken_for_gone() -> None:
    look = CHECK + "sys.stderr.write(check(look=True))"
    assert run(look).stderr == b"there"
    with tempfile.TemporaryFile() as file:
        assert run(look, stdout=file).stderr == b"there"
    assert run(look, stdout=subprocess.DEVNULL).stderr == b"there"


@posix_only
def test_a_pipe_that_others_have_made_non_blocking_loses_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    code = "for _ in range(5000):\n    report.line({'text': 'x' * 100})"
    with subprocess.Popen([sys.executable, "-c", PRELUDE + code], env=environment(), stdout=writing) as task:
        os.close(writing)
        with os.fdopen(reading, "rb") as out:
            assert len(out.read().splitlines()) == 5000
        assert task.wait(60) == 0


@posix_only
def test_nothing_is_written_twice_when_an_interrupt_comes_while_it_is_written() -> None:
    code = """
import signal
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
number = 0
while number < 2000:
    try:
        number += 1
        report.line({"number": number})
    except KeyboardInterrupt:
        continue
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    lines = run(f"try:\n{textwrap.indent(code, ' ')}\nexcept KeyboardInterrupt: pass").stdout.splitlines()
    assert len(lines) == len(set(lines))


@posix_only
def test_an_input_that_cannot_be_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    code = """
for read in (streams.read_line, streams.read_all):
    try:
        read()
    except streams.UsageError as error:
        print(error.message)
"""
    with (tmp_path / "file").open("wb") as only_for_writing:
        done = run(code, stdin=only_for_writing)
    assert done.stdout.decode().splitlines() == ["standard input cannot be read: Bad file descriptor"] * 2


def test_what_stands_in_for_a_stream_in_a_test_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    from upready.support import streams

    before = sys.stdout
    streams.prepare()
    assert sys.stdout is before
