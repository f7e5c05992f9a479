"""The files that rules watch, as they are at one moment, and what has changed since."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from upready.operations.watch.rules import Rule

State = tuple[int, int, int, int]
"""The time of its last change in nanoseconds, its size, its number (an editor may put a new file in its place), and its
mode: compose acts where a file only becomes executable."""


def look(rules: Iterable[Rule]) -> dict[Path, State]:
    """Every file that a rule may act for; what cannot be read is left out."""
    found: dict[Path, State] = {}
    for rule in rules:
        _take(rule.path, found)
        for folder, folders, names in os.walk(rule.path):
            folders[:] = [each for each in folders if rule.enters(Path(folder, each))]
            for name in names:
                _take(Path(folder, name), found)
    return found


def changed(before: Mapping[Path, State], now: Mapping[Path, State]) -> list[Path]:
    """The files that are new, gone or other, by their names."""
    return sorted(each for each in before.keys() | now.keys() if before.get(each) != now.get(each))


def _take(file: Path, found: dict[Path, State]) -> None:
    if file in found:
        return
    try:
        it = file.stat()
    except OSError:
        return
    if stat.S_ISREG(it.st_mode):
        found[file] = (it.st_mtime_ns, it.st_size, it.st_ino, it.st_mode)
