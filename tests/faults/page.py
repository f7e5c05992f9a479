"""The table of faults as a page that a reader can filter: `docs/faults.html`. It holds all that it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.table import KINDS, Cell

TEMPLATE = Path(__file__).with_name("page.html")

UNPLAYED = "not played"


def write(file: Path, cells: Iterable[Cell], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the page, or what it tells of the cells that were played now.

    Args:
        file: The page; what it tells of other cells stays.
        cells: The whole table.
        rows: What was played, as the matrix tells of it.
    """
    before = _read(file)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    now = {_key(row): row for row in rows if "task" in row}
    told = []
    for cell in cells:
        key = _key({"kind": cell.kind, "fault": cell.fault, "unusual": cell.unusual, "task": cell.task,
                    "runtime": cell.runtime})  # fmt: skip
        what = [*key, ", ".join(map(str, cell.codes))]
        played = now.get(key)
        if played:
            came = [played["outcome"], played.get("code"), today, played.get("why", "")]
        else:
            came = before.get(key, [UNPLAYED, None, "", ""])
        told.append([*what, *came])
    text = json.dumps({"kinds": KINDS, "cells": told}, ensure_ascii=False, separators=(",", ":"))
    # A line a cell, so that a change shows as what it is; and no text can end the element.
    text = text.replace("],[", "],\n[").replace("<", "\\u003c")
    file.write_text(TEMPLATE.read_text("utf-8").replace("@CELLS@", text), encoding="utf-8")


def _read(file: Path) -> dict[tuple[str, ...], list[Any]]:
    """What an earlier page tells of each cell."""
    if not file.exists():
        return {}
    found = re.search(r'id="cells">(.*?)</script>', file.read_text("utf-8"), re.DOTALL)
    cells = json.loads(found[1])["cells"] if found else []
    return {tuple(each[:4]): each[5:] for each in cells}


def _key(row: Mapping[str, Any]) -> tuple[str, ...]:
    unusual = f" ({', '.join(row['unusual'])})" if row.get("unusual") else ""
    return str(row["kind"]), f"{row['fault']}{unusual}", str(row["task"]), str(row["runtime"])
