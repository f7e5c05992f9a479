"""How the API's list and search grow with 10², 10⁴ and 10⁶ stored diagrams: `uv run python -m bench.diagrams`.

Starts a clone of this project as in production, fills its database, and asks the API over HTTP: the newest page, a page
in the middle, a word that one diagram in a thousand has, a word that one diagram has, a diagram by its id. Beside a
search stands what most would write: `ILIKE` in PostgreSQL, as psql's own clock tells it, so without HTTP around it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from app import words
from bench import harness
from bench.figure import Figure
from bench.production import API_KEY, production
from tests.engine.conftest import Project

SIZES = [100, 10_000, 1_000_000]
FEW = [100, 1000, 10_000]

ID = "('00000000-0000-7000-8000-' || lpad(to_hex({n}), 12, '0'))::uuid"

FILL = f"""
INSERT INTO diagrams (id, prompt, code, diagram_type, model, validated, attempts, warnings, title, words)
SELECT {ID.format(n="i")}, '', 'flowchart LR' || repeat(E'\\n  A[Order] --> B[Ship]', 12), 'flowchart', '', true, 0,
  '[]', 'Customer c' || i % 1000 || ' diagram d' || i,
  array_to_tsvector(ARRAY['c' || i % 1000, 'd' || i, {
    ", ".join(f"'{each}'" for each in words.words("customer diagram flowchart LR A Order B Ship"))
}]::text[])
FROM generate_series({{first}}, {{last}}) i;
"""
"""Diagrams with titles and words, about 290 characters of code each."""

SCAN = """
SELECT id, title, code FROM diagrams WHERE deleted_at IS NULL AND (title ILIKE '%{word}%' OR code ILIKE '%{word}%')
ORDER BY id DESC LIMIT 21;
"""


def main() -> int:
    """Measure and print the table; nothing is promised."""
    return harness.run(__doc__, start, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("--size", type=int, nargs="*", default=SIZES, help="stored diagrams, in ascending order")
    parser.add_argument("--rounds", type=int, default=20)


def start(options: harness.Options) -> Iterator[Figure]:
    """Start the stack of production, and fill it step by step."""
    sizes, rounds = (FEW, 3) if options.quick else (options.size, options.rounds)
    with production() as (clone, _):
        there = 0
        for size in sizes:
            sql(clone, FILL.format(first=there + 1, last=size))
            sql(clone, "VACUUM (ANALYZE) diagrams;")
            there = size
            yield from measure(clone, size, rounds)


def measure(clone: Project, size: int, rounds: int) -> Iterator[Figure]:
    """Milliseconds of each question."""
    grown: dict[str, Any] = {"size": size, "sizes": "diagrams"}
    url = f"http://127.0.0.1:{clone.environment['API_PORT']}/api/v1/diagrams"
    middle = f"00000000-0000-7000-8000-{size // 2:012x}"
    with httpx.Client(headers={"Authorization": f"Bearer {API_KEY}"}, trust_env=False, timeout=60) as client:

        def asked(**parameters: str) -> Callable[[], float]:
            return lambda: ask(client, url, parameters)

        for what, way in (
            ("the newest page", asked()),
            ("a page in the middle", asked(before=middle)),
            ("one by its id", lambda: ask(client, f"{url}/{middle}", {})),
        ):
            yield harness.ours(what, "ms", harness.in_turn({"ours": way}, rounds), **grown)
        for what, word in (
            ("search: one in a thousand", f"c{min(42, size)}"),
            ("search: a single one", f"d{size // 2}"),
        ):
            ways = {"ours": asked(search=word), "ILIKE, psql's clock": lambda word=word: scanned(clone, word)}
            yield harness.ours(what, "ms", harness.in_turn(ways, rounds), **grown)
    yield Figure(
        "size of the database", "MB", [int(sql(clone, "SELECT pg_database_size('ba_copilot');")) / 1e6], **grown
    )


def ask(client: httpx.Client, url: str, parameters: dict[str, str]) -> float:
    """Milliseconds until an answer is there; it must find something."""
    began = time.perf_counter()
    found = client.get(url, params=parameters).raise_for_status().json()
    took = (time.perf_counter() - began) * 1000
    if not found.get("items", [found]):
        raise SystemExit(f"nothing was found: {parameters}")
    return took


def scanned(clone: Project, word: str) -> float:
    """Milliseconds of the same search by `ILIKE`."""
    said = sql(clone, "\\timing on\n" + SCAN.format(word=word))
    return float(re.findall(r"Time: ([0-9.]+) ms", said)[-1])


def sql(clone: Project, text: str) -> str:
    """Run SQL in the stack's database; what it prints."""
    container = clone.container("db").id
    line = ["docker", "exec", "-i", container, "psql", "-qtA", "-v", "ON_ERROR_STOP=1", "-U", "ba_copilot"]
    return subprocess.run(line, input=text, encoding="utf-8", check=True, stdout=subprocess.PIPE).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
