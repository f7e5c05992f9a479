"""A task at a terminal: what it shows, and what is typed."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.engine.conftest import Project


@dataclass
class Terminal:
    """A task that runs at a terminal of its own."""

    task: subprocess.Popen[bytes]
    main: int
    shown: bytes = b""

    def until(self, words: str, seconds: float = 120.0) -> None:
        """Wait until the task has shown some words."""
        deadline = time.monotonic() + seconds
        while words.encode() not in self.shown:
            assert time.monotonic() < deadline, self.shown.decode(errors="replace")
            assert self._read(), self.shown.decode(errors="replace")

    def within(self, seconds: float) -> bytes:
        """What the task shows within so many seconds."""
        before, end = len(self.shown), time.monotonic() + seconds
        while time.monotonic() < end:
            self._read()
        return self.shown[before:]

    def type(self, text: str) -> None:
        os.write(self.main, text.encode())

    def end(self) -> tuple[int, str]:
        """Wait for the task's end; its exit code, and all that it has shown."""
        while self._read():
            pass
        return self.task.wait(60), self.shown.decode(errors="replace")

    def _read(self) -> bool:
        """Read what is there, or wait a little for it; whether the task is still there."""
        if not select.select([self.main], [], [], 0.1)[0]:
            return self.task.poll() is None
        try:
            data = os.read(self.main, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += data
        return bool(data)


@contextlib.contextmanager
def begin(project: Project, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Terminal]:
    """Start a task at a terminal; it is ended with the block."""
    main, inner = pty.openpty()
    task = subprocess.Popen(
        project.command(*arguments),
        cwd=project.root,
        env=project.variables({"TERM": "xterm", **(env or {})}),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    try:
        yield Terminal(task, main)
    finally:
        task.kill()
        task.wait()
        os.close(main)
