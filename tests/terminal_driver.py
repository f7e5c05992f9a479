"""A program at a pseudo-terminal of its own, as a user has it: keys, Ctrl-C, another size; and what it shows."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.screen_model import ScreenModel

LONGEST = 120.0
"""Seconds after which what is waited for will not come."""


@dataclass
class Driver:
    """A program at a terminal.

    Attributes:
        process: The program.
        screen: What it shows.
        sent: All bytes that it has sent.
    """

    process: subprocess.Popen[bytes]
    screen: ScreenModel
    before: list[object]
    _main: int
    _inner: int
    sent: bytearray = field(default_factory=bytearray)

    def until(self, what: str | Callable[[ScreenModel], object]) -> str:
        """Wait until the screen shows some words, or fulfils a condition; returns its text."""
        holds = (lambda screen: what in screen.text) if isinstance(what, str) else what
        deadline = time.monotonic() + LONGEST
        while not holds(self.screen):
            assert time.monotonic() < deadline, f"not seen: {what}\n{self.screen.text}"
            assert self._read() or self.process.poll() is None, f"ended without: {what}\n{self.screen.text}"
        return self.screen.text

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(columns, lines)

    def end(self) -> int:
        """Wait for the program's end; its exit code, negative where a signal ended it."""
        deadline = time.monotonic() + LONGEST
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"has not ended\n{self.screen.text}"
            self._read()
        while self._read():
            pass
        return self.process.returncode

    def modes(self) -> list[object]:
        """The settings of the terminal now."""
        return termios.tcgetattr(self._inner)

    def restored(self) -> None:
        """Make sure that the terminal is as it was: its settings, its cursor, its first screen."""
        assert self.modes() == self.before
        assert self.screen.cursor
        assert not self.screen.alternate

    def _read(self) -> bool:
        """Read what is there, or wait a little for it."""
        if not select.select([self._main], [], [], 0.05)[0]:
            return False
        data = os.read(self._main, 65536)
        self.sent += data
        self.screen.feed(data)
        return bool(data)


@contextlib.contextmanager
def driven(
    command: Sequence[str], folder: Path, env: Mapping[str, str], columns: int = 80, lines: int = 24
) -> Iterator[Driver]:
    """Start a program at a terminal, in a session of its own; it is ended with the block."""
    main, inner = pty.openpty()
    fcntl.ioctl(main, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    before = termios.tcgetattr(inner)
    variables = {key: value for key, value in env.items() if key not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={"TERM": "xterm-256color", "LANG": "C.UTF-8", **variables},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        yield Driver(process, ScreenModel(columns, lines), before, main, inner)
    finally:
        process.kill()
        process.wait()
        os.close(main)
        os.close(inner)
