"""How a task is called, which a fault may change, and what came of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests import documents


@dataclass(frozen=True)
class Result:
    """What one task left.

    Attributes:
        code: Its exit code, negative where a signal ended it; None where it had not ended in time and was killed.
        out: What it wrote; empty where that did not come to us.
        captured: Which of `out` and `err` came to us.
    """

    code: int | None
    out: str
    err: str
    seconds: float
    captured: tuple[str, ...] = ("out", "err")

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self.out + self.err


@dataclass
class Call:
    """One call of `invoke`, as a process of its own.

    Attributes:
        words: What is typed behind `invoke`.
        prefix: What stands before `python -m invoke`: `[setpriv, --reuid=54321, …]`.
        environment: Its whole environment; a fault adds, changes and removes.
        folder: Where it is called.
        popen: More for `Popen`: other streams, `umask`, `preexec_fn`, `pass_fds`.
        python: What runs it.
        during: Called with the process while it runs, in a thread: sends a signal, waits for something and breaks it.
        seconds: Then it is killed, and has hung.
    """

    words: list[str]
    environment: dict[str, str]
    folder: Path
    prefix: list[str] = field(default_factory=list)
    popen: dict[str, Any] = field(default_factory=dict)
    python: str = sys.executable
    during: Callable[[psutil.Popen], None] | None = None
    seconds: float = 60.0

    def run(self) -> Result:
        """Call it, and wait for its end."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **self.popen}
        began = time.monotonic()
        process = psutil.Popen(
            [*self.prefix, self.python, "-m", "invoke", *self.words],
            cwd=self.folder,
            env=self.environment,
            start_new_session=True,
            **streams,
        )
        failed: list[BaseException] = []
        thread = threading.Thread(target=self._attend, args=(process, failed), daemon=True)
        thread.start()
        code: int | None
        try:
            out, err = process.communicate(timeout=self.seconds)
            code = process.returncode
        except subprocess.TimeoutExpired:
            _kill(process)
            out, err = process.communicate()
            code = None
        took = time.monotonic() - began
        thread.join(self.seconds)
        if failed:
            raise failed[0]
        documents.check(self.words, (out or b"").decode("utf-8", "replace"))
        captured = tuple(name for name, text in (("out", out), ("err", err)) if text is not None)
        return Result(code, *((text or b"").decode("utf-8", "replace") for text in (out, err)), took, captured)

    def _attend(self, process: psutil.Popen, failed: list[BaseException]) -> None:
        try:
            if self.during:
                self.during(process)
        except BaseException as error:  # noqa: BLE001 - told by the test, in its own thread
            failed.append(error)


def _kill(process: psutil.Popen) -> None:
    """End a task that does not end, and what it runs; never what it has left to run on its own."""
    with contextlib.suppress(psutil.Error):
        below = process.children(recursive=True)
        for each in [process, *(child for child in below if os.name == "nt" or _same_session(child, process))]:
            with contextlib.suppress(psutil.Error):
                each.kill()


def _same_session(child: psutil.Process, process: psutil.Popen) -> bool:
    with contextlib.suppress(OSError):
        return os.getsid(child.pid) == process.pid
    return False
