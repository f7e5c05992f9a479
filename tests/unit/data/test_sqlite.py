"""Databases of SQLite in a tar: found, put together with their logs, proven and counted."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from upready.data import sqlite, volume
from upready.data.manifest import Item
from upready.support.errors import DataError

ROWS = 2000


def made(path: Path, mode: str = "delete") -> sqlite3.Connection:
    """A database with rows."""
    opened = sqlite3.connect(path, isolation_level=None)
    opened.execute(f"PRAGMA journal_mode = {mode}")
    opened.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, word TEXT, created_at TEXT)")
    opened.execute('CREATE TABLE "odd "" name" (x)')
    opened.executemany(
        "INSERT INTO item (word, created_at) VALUES (?, '2026-11-27 10:00:00')",
        [(f"{each:0200}",) for each in range(ROWS)],
    )
    return opened


def content(folder: Path) -> sqlite.Content:
    """What is found in a folder that is read as a volume is."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(folder, "volume", filter=None)
    packed.seek(0)
    with sqlite.copies() as kept:
        volume.survey(packed, kept.file)
        return kept.content()


def test_what_is_only_in_the_log_counts(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "photo-wal").write_bytes(b"x" * 5000)
    (tmp_path / "notes.db").write_bytes(b"no database")
    with closing(made(tmp_path / "sub" / "app.db", "wal")) as opened:
        assert (tmp_path / "sub" / "app.db-wal").stat().st_size > 100_000
        opened.execute("CREATE TABLE alembic_version (version_num)")
        opened.execute("INSERT INTO alembic_version VALUES ('7f3a')")
        found = content(tmp_path)
    assert found.rows == {"sub/app.db alembic_version": 1, "sub/app.db item": ROWS, 'sub/app.db odd " name': 0}
    assert (found.schema, found.newest) == ("alembic_version 7f3a", "2026-11-27 10:00:00")


@pytest.mark.slow
def test_what_was_not_committed_does_not(tmp_path: Path) -> None:
    with closing(made(tmp_path / "app.db")) as opened:
        opened.execute("PRAGMA cache_size = 1")
        opened.execute("BEGIN")
        opened.execute("DELETE FROM item WHERE id % 2 = 0")
        opened.execute("UPDATE item SET word = 'new'")
        assert (tmp_path / "app.db-journal").stat().st_size
        found = content(tmp_path)
    assert found.rows["app.db item"] == ROWS
    assert sqlite3.connect(tmp_path / "app.db").execute("SELECT count(*) FROM item").fetchone() == (ROWS,)


@pytest.mark.nightly(day=1)
@pytest.mark.slow
@pytest.mark.parametrize(
    "harm", [lambda data: data[: len(data) // 2], lambda data: data[:8192] + bytes(8192) + data[16384:]]
)
def test_one_that_is_not_whole_is_refused(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    made(tmp_path / "app.db").close()
    (tmp_path / "app.db").write_bytes(harm((tmp_path / "app.db").read_bytes()))
    with pytest.raises(DataError, match=r"app\.db is no whole SQLite database"):
        content(tmp_path)


@pytest.mark.slow
def test_an_order_that_only_the_service_knows_is_no_harm(tmp_path: Path) -> None:
    with closing(made(tmp_path / "app.db")) as opened:
        opened.create_collation("own", lambda one, other: (one > other) - (one < other))
        opened.execute("CREATE INDEX words ON item (word COLLATE own)")
    assert content(tmp_path).rows["app.db item"] == ROWS


@pytest.mark.nightly
@pytest.mark.slow
def test_a_missing_row_is_told(tmp_path: Path) -> None:
    made(tmp_path / "app.db").close()
    item = Item("shop_data", "data/shop_data.tar.gz", rows={"app.db item": ROWS + 1, 'app.db odd " name': 0})
    with sqlite.copies() as kept:
        take = kept.file("app.db")
        take((tmp_path / "app.db").read_bytes())
        with pytest.raises(DataError, match=r"did not come back whole: app\.db item") as told:
            kept.compare(item)
    assert told.value.details == [f"app.db item: {ROWS} rows, not {ROWS + 1}"]
