"""The settings of this process's terminal, which a program that is killed leaves as it has made them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable


def keep() -> Callable[[], None]:
    """Remember how the terminal is set; the function that it gives sets it so again. Windows' needs no such help."""
    try:
        import termios

        number = sys.stdin.fileno()
        known = termios.tcgetattr(number)
    except (ImportError, AttributeError, OSError, ValueError):  # Windows; a closed stdin
        return _nothing
    except termios.error:  # no terminal
        return _nothing

    def restore() -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(number, termios.TCSADRAIN, known)

    return restore


def _nothing() -> None:
    return
