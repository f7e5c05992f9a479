"""How often a caller may ask: counted for each key and address, over all workers, and without the database, too."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from limits import RateLimitItemPerSecond

from app import rates
from app.database import Database
from app.request_counts import RequestCounts
from app.settings import Settings
from tests.app.servers import Postgres, uvicorn_process, wait_until

Serve = Callable[..., httpx.Client]
Make = Callable[..., Settings]
PATH = "/api/v1/diagrams"
ANN, BOB = "kY8vQ2mZ7tR4wX1nB6cD3fG9", "pL5sH0jV8aE2uM7qT4yN1xC6"


@pytest.fixture
def limited(serve: Serve, postgres: Postgres) -> Serve:
    """Serve with so many requests a minute."""

    def make(requests: int, **environment: str) -> httpx.Client:
        return serve(**postgres.environment, api_requests_per_minute=str(requests), **environment)

    return make


def statuses(client: httpx.Client, times: int, key: str = "") -> list[int]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return [client.get(PATH, headers=headers).status_code for _ in range(times)]


def test_one_too_many_is_told_when_to_come_again(limited: Serve) -> None:
    client = limited(3)
    assert statuses(client, 3) == [200] * 3
    refused = client.get(PATH)
    assert (refused.status_code, refused.json()["type"]) == (429, "rate-limited")
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"
    assert "x-request-id" in refused.headers


def test_after_that_time_there_are_as_many_again(limited: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "RateLimitItemPerMinute", lambda limit: RateLimitItemPerSecond(limit, 2))
    client = limited(2)
    assert statuses(client, 3) == [200, 200, 429]
    refused = client.get(PATH)
    until = time.monotonic() + int(refused.headers["retry-after"])
    wait_until(lambda: time.monotonic() >= until)
    assert statuses(client, 3) == [200, 200, 429]


def test_what_everybody_may_ask_is_not_counted(limited: Serve) -> None:
    client = limited(1)
    assert statuses(client, 2) == [200, 429]
    for path in ("/", "/health", "/health/live", "/api/v1/session"):
        assert client.get(path).status_code == 200


def test_each_key_is_counted_for_itself_and_guessing_by_address(limited: Serve) -> None:
    client = limited(2, api_keys=f"ann:{ANN},bob:{BOB}")
    assert statuses(client, 3, ANN) == [200, 200, 429]
    assert statuses(client, 3, BOB) == [200, 200, 429]
    assert statuses(client, 1, "no-key-of-this-service") == [401]
    assert statuses(client, 2) == [401, 429]
    assert statuses(client, 1, "another-guess-at-a-key") == [429]
    guess = client.get("/api/v1/session", headers={"Authorization": "Bearer another-guess-at-a-key"})
    assert guess.status_code == 429  # not a place to try keys without end


@pytest.mark.slow
def test_workers_count_together(postgres: Postgres) -> None:
    for number in range(10):
        answers, log = answers_of_workers(postgres, caller=f"ann-{number}")
        if "counted by each worker" not in log:  # the database was slow for them, as it is on a busy machine
            break
    assert answers == {200: 20, 429: 40}, log


def answers_of_workers(postgres: Postgres, caller: str) -> tuple[Counter[int], str]:
    """How often two workers gave each status to 60 requests of a caller who may make 20, and their log."""
    environment = {
        **postgres.environment,
        "API_KEYS": f"{caller}:{ANN}",
        "API_REQUESTS_PER_MINUTE": "20",
        "LOG_LEVEL": "WARNING",
    }

    def ask(client: httpx.Client) -> int:
        return client.get(PATH, headers={"Authorization": f"Bearer {ANN}"}).status_code

    # No connection is kept, so that both workers get some.
    client = httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
    with uvicorn_process("--workers=2", environment=environment) as (process, url), client:
        client.base_url = url
        wait_until(lambda: healthy(url))
        with ThreadPoolExecutor(20) as pool:
            answers = Counter(pool.map(lambda _: ask(client), range(60)))
        process.terminate()
        return answers, process.communicate(timeout=60)[0]


def healthy(url: str) -> bool:
    try:
        return httpx.get(url + "/health").status_code == 200
    except httpx.TransportError:
        return False


def test_without_the_database_requests_are_served_and_counted(limited: Serve, postgres: Postgres) -> None:
    client = limited(3)
    postgres.stop()
    path = "/api/v1/diagram-types"
    assert [client.get(path).status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(("limit", "expected"), [("3", [200, 200, 200, 429]), ("", [200] * 4)])
def test_where_no_database_is_configured(serve: Serve, limit: str, expected: list[int]) -> None:
    client = serve(api_requests_per_minute=limit)
    assert [client.get("/api/v1/diagram-types").status_code for _ in range(4)] == expected


def test_numbers_are_taken_in_blocks_and_given_once(settings: Make, postgres: Postgres) -> None:
    async def number(made: Settings) -> list[int]:
        databases = [Database(made), Database(made)]
        counts = [RequestCounts(database, 10) for database in databases]
        numbers = await asyncio.gather(*(each.incr("ann", 60) for _ in range(25) for each in counts))
        for database in databases:
            await database.close()
        return numbers

    numbers = asyncio.run(number(settings(**postgres.environment)))
    assert len(set(numbers)) == 50
    with postgres.connect() as connection:
        assert connection.execute("SELECT key, requests FROM request_counts").fetchall() == [("ann", 60)]


def test_callers_whose_minute_is_over_are_forgotten(settings: Make, postgres: Postgres) -> None:
    async def ask(made: Settings) -> None:
        database = Database(made)
        counts = RequestCounts(database, 10)
        await counts.incr("before", 60)
        with postgres.connect() as connection:
            connection.execute("UPDATE request_counts SET until = now() - interval '1 second'")
        counts._swept -= 60
        await counts.incr("after", 60)
        await database.close()

    asyncio.run(ask(settings(**postgres.environment)))
    with postgres.connect() as connection:
        assert connection.execute("SELECT key FROM request_counts").fetchall() == [("after",)]
