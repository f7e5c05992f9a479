"""Where the user stands: the current folder by the path that the shell shows, with the links on the way to it.

Compose takes a project's name from that path. The system itself only knows the folder to which the links lead.
"""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """The current folder, found as compose finds it: by PWD, where that leads there.

    Source: https://pkg.go.dev/os#Getwd

    Raises:
        FileNotFoundError: It is no longer there.
    """
    here = Path(os.getcwd())  # noqa: PTH109 - the same as Path.cwd, which says less of what it does
    shown = Path(os.environ.get("PWD", ""))
    return shown if shown.is_absolute() and _same(shown, here) else here


def seen(place: Path) -> Path:
    """A folder by the path through which the user sees it: that of a folder in which he stands; else as it is given."""
    try:
        here = folder()
    except OSError:
        return place
    return next((each for each in (here, *here.parents) if _same(each, place)), place)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False
