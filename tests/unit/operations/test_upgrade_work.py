"""What `invoke upgrade` refuses before anything is done."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from upready.data import versions
from upready.operations import upgrade_work
from upready.operations.upgrade_work import Found
from upready.stack import service as services
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import UsageError


def found(root: Path, options: dict[str, str], held: versions.Held | None) -> Found:
    db = services.of("db", {"image": "postgres:17"}, "shop")
    merged = Model({"db": db}, {}, {}, Stack(root, "dev", (), (), "shop"))
    place = versions.Place(db, "shop_data", "/var/lib/postgresql/data", "/var/lib/postgresql/data")
    engine = SimpleNamespace(volume=lambda name: {"Name": name, "Options": options})
    return Found(cast("Any", engine), merged, db, place, held, 17, None)


@pytest.mark.parametrize("held", [versions.Held(16, ""), None])
def test_a_volume_in_memory_is_told_as_what_it_is(tmp_path: Path, held: versions.Held | None) -> None:
    with pytest.raises(UsageError, match=r"shop_data is in memory \(tmpfs\), and empty once db stops") as refused:
        upgrade_work.prepared(found(tmp_path, {"type": "tmpfs", "device": "tmpfs"}, held))
    assert refused.value.next.endswith(": invoke backup --service db")


def test_another_one_is_taken(tmp_path: Path) -> None:
    work = upgrade_work.prepared(found(tmp_path, {"type": "nfs"}, versions.Held(16, "")))
    assert work is not None and work.old == 16
