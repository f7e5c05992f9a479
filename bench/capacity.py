"""How large the database of so many diagrams is: `uv run python -m bench.capacity` (docs/capacity.md).

Needs no engine: PostgreSQL comes with `uv sync`. The rows are written as the API writes them, with made-up texts; then
searches as the API makes them. `--count 10000` for fewer diagrams.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database import Database
from app.diagram import Content
from app.store import Store, columns, new_id, vector
from app.tables import diagrams
from tests.app.conftest import make_settings
from tests.app.servers import Postgres

COUNT = 100_000
AT_ONCE = 500
"""Rows of one statement."""

WORDS = 5000
"""How many different words there are."""

SEARCHES = 50
SEED = 7

_SIZES = """
select pg_table_size('diagrams') as rows, pg_relation_size('diagrams_words') as search,
       pg_indexes_size('diagrams') - pg_relation_size('diagrams_words') as others,
       pg_total_relation_size('diagrams') as total, version() as version,
       (select avg(length(code)) from diagrams) as code
"""


def main() -> int:
    """Fill it, and print what it takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            asyncio.run(measure(server, count))
        finally:
            server.stop()
    return 0


async def measure(server: Postgres, count: int) -> None:
    """Fill the database, and print its sizes and the seconds of searches."""
    database = Database(make_settings(**server.environment))
    chance = random.Random(SEED)
    words = [_word(chance) for _ in range(WORDS)]
    try:
        for number in range(0, count, AT_ONCE):
            await _add(database, [_row(chance, words) for _ in range(min(AT_ONCE, count - number))])
        found = await _sizes(database)
        print(f"{count} diagrams of {found['code']:.0f} characters of code, {str(found['version']).split(' on ')[0]}")
        for name in ("rows", "search", "others", "total"):
            print(f"  {name:8}{found[name] / 1e6:8.1f} MB  {found[name] / count:8.0f} bytes each")
        print(f"  so 10^6 take {found['total'] / count / 1000:.1f} GB")
        seconds = [each async for each in _searches(Store(database), chance, words)]
        print(f"  {len(seconds)} searches of two words: at most {max(seconds) * 1000:.0f} ms")
    finally:
        await database.close()


async def _add(database: Database, rows: list[dict[str, Any]]) -> None:
    async def insert(connection: AsyncConnection) -> None:
        await connection.execute(sa.insert(diagrams).values(rows))

    await database.run(insert)


async def _sizes(database: Database) -> dict[str, Any]:
    async def ask(connection: AsyncConnection) -> dict[str, Any]:
        return dict((await connection.execute(sa.text(_SIZES))).one()._mapping)

    return await database.run(ask)


async def _searches(store: Store, chance: random.Random, words: list[str]) -> AsyncIterator[float]:
    for _ in range(SEARCHES):
        began = time.perf_counter()
        await store.list(20, search=" ".join(chance.sample(words, 2)))
        yield time.perf_counter() - began


def _row(chance: random.Random, words: list[str]) -> dict[str, Any]:
    """A diagram as the API stores it."""
    code = "flowchart LR\n" + "\n".join(_lines(chance, words))
    title, prompt = " ".join(chance.sample(words, 4)), " ".join(chance.sample(words, 15))
    content = Content(code, True, "flowchart-v2", [], later=False, model="openrouter/auto", source="model", attempts=1)
    row = {"id": new_id(), "prompt": prompt, "title": title}
    return {**row, **columns(content), "words": vector(title, prompt, code)}


def _lines(chance: random.Random, words: list[str]) -> Iterator[str]:
    for number in range(9):
        yield f"  n{number}[{' '.join(chance.sample(words, 2))}] --> n{number + 1}"


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(chance.randint(4, 10)))


if __name__ == "__main__":
    sys.exit(main())
