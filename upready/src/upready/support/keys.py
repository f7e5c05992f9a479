"""The keys that a person presses at the terminal, by name, one at a time and without an echo.

How a key is waited for differs: each system has a class for it. What a terminal sends for a key is the same.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from typing import Any, Protocol

from upready.support import platform

CLOSED = "closed"
"""The name that is read when the terminal is gone."""

PATIENCE = 0.05
"""Seconds within which the rest of a key must come that is sent as several bytes; else Escape itself was pressed."""

_LOOK_EVERY = 0.01
"""Seconds between looks for a key, where the system cannot wait for one."""

_SEQUENCES = {
    "A": "up",
    "B": "down",
    "C": "right",
    "D": "left",
    "H": "home",
    "F": "end",
    "1~": "home",
    "4~": "end",
    "5~": "pageup",
    "6~": "pagedown",
    "7~": "home",
    "8~": "end",
}
"""What follows `ESC [` or `ESC O`, in the notation of xterm and its kin."""

_PLAIN = {"\r": "enter", "\n": "enter", "\x7f": "backspace", "\b": "backspace", "\x1b": "esc", "\t": "tab"}

_SCANNED = {"H": "up", "P": "down", "K": "left", "M": "right", "G": "home", "O": "end", "I": "pageup", "Q": "pagedown"}
"""What follows a NUL or `à` on Windows."""


class Device(Protocol):
    """How one system gives the keys of its terminal."""

    def begin(self) -> None:
        """From now on keys come at once, and are not echoed."""

    def end(self) -> None:
        """Set the terminal as it was before `begin`."""

    def read(self, timeout: float) -> list[str]:
        """The names of the keys that were pressed, after a wait for the first one; none if none came in time."""


class Posix:
    """The terminal of a POSIX system, by its file descriptor."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._known: Any = None
        self._rest = b""

    def begin(self) -> None:
        """Ctrl-C and Ctrl-Z go on to be signals."""
        import termios

        self._known = termios.tcgetattr(self._number)
        mode = termios.tcgetattr(self._number)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._number, termios.TCSADRAIN, mode)

    def end(self) -> None:
        """The terminal may be gone."""
        import termios

        if self._known is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._number, termios.TCSADRAIN, self._known)
            self._known = None

    def read(self, timeout: float) -> list[str]:
        """See `Device`."""
        if not self._take(timeout):
            return []
        while _unfinished(self._rest) and self._take(PATIENCE):
            pass
        data, self._rest = self._rest, b""
        return names(data.decode("utf-8", "ignore")) if data else [CLOSED]

    def _take(self, timeout: float) -> bool:
        """Read what is there; whether anything was."""
        if not select.select([self._number], [], [], max(0.0, timeout))[0]:
            return False
        try:
            data = os.read(self._number, 1024)
        except OSError:  # the terminal is gone
            data = b""
        self._rest += data
        return bool(data) or not self._rest


class Windows:
    """The console of Windows, by the module `msvcrt`."""

    def __init__(self, console: Any) -> None:
        self._console = console

    def begin(self) -> None:
        """The console gives keys at once anyway."""

    def end(self) -> None:
        """Nothing was changed."""

    def read(self, timeout: float) -> list[str]:
        """See `Device`."""
        deadline = time.monotonic() + timeout
        while not self._console.kbhit():
            if time.monotonic() >= deadline:
                return []
            time.sleep(_LOOK_EVERY)
        found = []
        while self._console.kbhit():
            letter = self._console.getwch()
            if letter in ("\0", "\xe0"):
                found.append(_SCANNED.get(self._console.getwch(), ""))
            elif letter == "\x03":
                raise KeyboardInterrupt
            else:
                found += names(letter)
        return [each for each in found if each]


def device() -> Device:
    """The terminal of this process's standard input."""
    if platform.WINDOWS:
        import msvcrt

        return Windows(msvcrt)
    return Posix(sys.stdin.fileno())


def names(text: str) -> list[str]:
    """The names of the keys that a terminal has sent: `up`, `enter`, `esc`, …, or the letter itself."""
    found = []
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\x1b" and text[at + 1 : at + 2] in ("[", "O"):
            end = at + 2
            while end < len(text) and not ("@" <= text[end] <= "~"):
                end += 1
            found.append(_SEQUENCES.get(text[at + 2 : end + 1], ""))
            at = end + 1
            continue
        name = _PLAIN.get(letter, letter)
        found.append(name if len(name) > 1 or name.isprintable() else "")
        at += 1
    return [each for each in found if each]


def _unfinished(data: bytes) -> bool:
    """Whether more bytes of the last key may follow."""
    start = data.rfind(b"\x1b")
    if start >= 0 and (rest := data[start + 1 :]) in (b"", b"[", b"O"):
        return True
    if start >= 0 and rest[:1] in (b"[", b"O") and not (0x40 <= rest[-1] <= 0x7E):
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False
