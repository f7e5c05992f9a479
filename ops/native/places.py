"""Where the native runtime keeps what it must: `.ops/native/SERVICE/`, ignored by git.

A folder holds `state.json` (the record of the last start), `log` (with `log.1`, `log.2`, … before it), and `data` where
the service keeps anything. The data is all that a user would miss.
"""

from __future__ import annotations

from pathlib import Path

from ops import lock

DATA = "data"

REMOVED = "data.removed"
"""The data that somebody wanted gone, until it is."""

PASSWORD = "password.tmp"  # noqa: S105 - a file's name
"""A password, for as long as a database is initialised with it."""


def native(root: Path) -> Path:
    """The folder of all services; not made."""
    return root / lock.STATE / "native"


def of(root: Path, service: str) -> Path:
    """The folder of one service; not made."""
    return native(root) / service


def services(root: Path) -> list[str]:
    """The services that have a folder, whether they run or not."""
    folder = native(root)
    return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def data(root: Path) -> list[Path]:
    """The folders that hold what services keep."""
    return [found for each in services(root) if (found := of(root, each) / DATA).is_dir()]
