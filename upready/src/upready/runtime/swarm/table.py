"""The table: what becomes of every key of the compose specification in Swarm. `losses` reads it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from upready.runtime.swarm import deploy_rows, project_rows, service_rows
from upready.runtime.swarm.row import Fate, Row

ROWS: tuple[Row, ...] = (*service_rows.ROWS, *deploy_rows.ROWS, *project_rows.ROWS)
"""Every row; of several for a key, the first that fits a value stands."""


def of(path: str, value: Any) -> Row:
    """The row for a key with this value; a key that is not in the table is lost."""
    for row in by_path().get(path, ()):
        if row.fits(value):
            return row
    return Row(path, Fate.LOST, why="it is not in the table of what Swarm has")


@functools.cache
def by_path() -> Mapping[str, tuple[Row, ...]]:
    """The rows of each key."""
    found: dict[str, tuple[Row, ...]] = {}
    for row in ROWS:
        found[row.path] = (*found.get(row.path, ()), row)
    return found


@functools.cache
def inner(path: str) -> str:
    """How the keys below a key are called: `ports.`, `networks.*.`; empty if the table has none."""
    starts = {each[len(path) + 1 :] for each in by_path() if each.startswith(f"{path}.")}
    if not starts:
        return ""
    return f"{path}.*." if any(each.startswith("*.") for each in starts) else f"{path}."
