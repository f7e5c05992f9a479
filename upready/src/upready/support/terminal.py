"""The settings of this process's terminal, which a killed program leaves as it set them, and what its keys do."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable


def keep() -> Callable[[], None]:
    """Remember the settings of the terminal; returns a function that restores them. Windows does not need this."""
    try:
        import termios

        number = sys.stdin.fileno()
        known = termios.tcgetattr(number)
    except (ImportError, AttributeError, OSError, ValueError):  # Windows; a closed stdin
        return lambda: None
    except termios.error:  # no terminal
        return lambda: None

    def restore() -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(number, termios.TCSADRAIN, known)

    return restore


def draws_blocks() -> bool:
    """Whether the terminal shows block characters: not where the locale has no Unicode, nor on Linux's own console."""
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := os.environ.get(name))), "")
    without = locale.split(".")[0] in ("C", "POSIX") or ("." in locale)
    return os.environ.get("TERM") != "linux" and not (without and "utf" not in locale.lower())


def may_send_signals() -> bool:
    """Whether a key may have sent a signal: the terminal allows it, and this process is in the foreground."""
    try:
        import termios

        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except (ImportError, OSError):  # Windows; no terminal
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp() and bool(termios.tcgetattr(terminal)[3] & termios.ISIG)
    except (OSError, termios.error):
        return False
    finally:
        os.close(terminal)
