"""A short history as a row of bars, a character a sample; with letters alone where the terminal has no blocks."""

from __future__ import annotations

from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_LETTERS = "_.-=+*%#"


def bars(history: Sequence[float], top: float, count: int, *, blocks: bool) -> str:
    """The last samples, oldest first, filled with blanks at the left.

    Args:
        history: The samples, newest last.
        top: The value of the highest bar; more is drawn as high.
        count: How many characters.
        blocks: Whether block characters may be used.
    """
    signs = _BLOCKS if blocks else _LETTERS
    last = list(history)[-count:]
    drawn = "".join(signs[min(len(signs) - 1, int(each / top * len(signs)))] if top > 0 else signs[0] for each in last)
    return f"{drawn:>{count}}"
