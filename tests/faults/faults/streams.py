"""Breaks the standard streams of a task, and signals it alone."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator

import psutil

from tests.faults.scene import Scene

_NUMBERS = {"stdin": 0, "stdout": 1, "stderr": 2}


def stream(scene: Scene, *, names: list[str], **how: str) -> Iterator[None]:
    """Give the task standard streams that cannot be used.

    Args:
        names: Which of stdin, stdout and stderr.
        how: `as`: closed; full, a disk without room; unread, a pipe without a reader; or reversed, open for the other
            direction only.
    """
    as_, opened = how["as"], []
    for name in names:
        if as_ == "closed":
            scene.call.popen[name] = subprocess.DEVNULL
            continue
        if as_ == "full":
            opened.append(os.open("/dev/full", os.O_WRONLY))
        elif as_ == "unread":
            reading, writing = os.pipe()
            os.close(reading)
            opened.append(writing)
        else:
            assert as_ == "reversed", f"stream: no such thing as {as_}"
            opened.append(os.open(os.devnull, os.O_WRONLY if name == "stdin" else os.O_RDONLY))
        scene.call.popen[name] = opened[-1]
    if as_ == "closed":
        scene.call.popen["preexec_fn"] = lambda: [os.close(_NUMBERS[name]) for name in names]
    try:
        yield
    finally:
        for each in opened:
            os.close(each)


def reader(scene: Scene, *, lines: int) -> Iterator[None]:
    """Read so many lines of the task's output, then go: `| head`."""
    reading, writing = os.pipe()
    scene.call.popen["stdout"] = writing

    def read(_: psutil.Popen) -> None:
        with os.fdopen(reading, "rb", buffering=0) as file:
            for _ in range(lines):
                file.readline()

    scene.call.during = read
    try:
        yield
    finally:
        os.close(writing)


def signal_alone(scene: Scene, *, name: str) -> Iterator[None]:
    """Send a signal to the task's process alone once what it runs has written its first line."""
    reading, writing = os.pipe()
    scene.call.popen["stdout"] = writing

    def send(process: psutil.Popen) -> None:
        assert os.read(reading, 3) == b"up\n"
        process.send_signal(getattr(signal, name))

    scene.call.during = send
    try:
        yield
    finally:
        os.close(writing)
        # Not before: it must not end for want of a reader.
        os.close(reading)
