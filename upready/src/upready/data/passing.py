"""A folder of this machine for what is only on its way: closed to other users, and removed also after a kill."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_LEFT = 86_400
"""Seconds after which such a folder is nobody's any more."""


@contextlib.contextmanager
def folder(within: Path | None = None) -> Iterator[Path]:
    """A new folder, for the block.

    Args:
        within: Where it is made; the system's folder for temporary files, where none is named.
    """
    place = within or Path(tempfile.gettempdir())
    prefix = "passing-" if within else "upready-passing-"
    for each in place.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            if time.time() - each.stat().st_mtime > _LEFT:  # a killed task left it
                shutil.rmtree(each)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as made:
        yield Path(made)
