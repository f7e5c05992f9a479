"""Stored diagrams over HTTP: list, pages, show, delete; and without a database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.database import Database
from app.settings import Settings
from app.store import Store, new_id
from tests.app.servers import Postgres

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"


@pytest.fixture
def client(serve: Serve, postgres_server: Postgres) -> Iterator[httpx.Client]:
    client = serve(**postgres_server.environment)
    client.get("/health")
    with postgres_server.connect() as connection:
        connection.execute("TRUNCATE diagrams")
    return client


@pytest.fixture
def add(settings: Callable[..., Settings], postgres_server: Postgres) -> Callable[[int], list[str]]:
    """Store so many diagrams; gives their ids."""

    async def store(count: int) -> list[str]:
        database = Database(settings(**postgres_server.environment))
        values = {"code": "graph", "diagram_type": None, "model": "m", "validated": True, "attempts": 1, "warnings": []}
        ids = [str(await Store(database).add({"prompt": f"p{n}", **values})) for n in range(count)]
        await database.close()
        return ids

    return lambda count: asyncio.run(store(count))


def test_pages_hold_every_diagram_once_newest_first(client: httpx.Client, add: Callable[[int], list[str]]) -> None:
    ids = add(7)
    seen: list[str] = []
    sizes = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        page = client.get(PATH, params=query).json()
        sizes.append(len(page["items"]))
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
        add(1)  # what is added meanwhile moves no page
    assert sizes == [3, 3, 1]
    assert sorted(seen) == sorted(ids)
    assert seen == sorted(seen, reverse=True)


def test_an_exact_last_page_has_no_next(client: httpx.Client, add: Callable[[int], list[str]]) -> None:
    add(2)
    assert client.get(PATH, params={"limit": 2}).json()["next"] is None


def test_empty(client: httpx.Client) -> None:
    assert client.get(PATH).json() == {"items": [], "next": None}


def test_show_and_delete(client: httpx.Client, add: Callable[[int], list[str]]) -> None:
    (id_,) = add(1)
    assert client.get(f"{PATH}/{id_}").json()["prompt"] == "p0"
    assert client.delete(f"{PATH}/{id_}").status_code == 204
    for answer in (client.get(f"{PATH}/{id_}"), client.delete(f"{PATH}/{id_}")):
        assert (answer.status_code, answer.json()["type"]) == (404, "no-such-diagram")


@pytest.mark.parametrize(
    "path", [f"{PATH}/no-uuid", f"{PATH}?limit=0", f"{PATH}?limit=101", f"{PATH}?before=x", f"{PATH}?limit=1e1"]
)
def test_bad_requests(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (422, "invalid-request")


def test_without_a_database(serve: Serve) -> None:
    client = serve()
    for answer in (client.get(PATH), client.get(f"{PATH}/{uuid.uuid4()}"), client.delete(f"{PATH}/{uuid.uuid4()}")):
        assert (answer.status_code, answer.json()["type"]) == (503, "no-database")


def test_database_down(serve: Serve) -> None:
    answer = serve(postgres_host="127.0.0.1", postgres_port="1").get(PATH)
    assert (answer.status_code, answer.json()["type"]) == (503, "database-unavailable")
    assert answer.headers["retry-after"]


def test_ids_are_version_7_and_sort_by_time() -> None:
    first = new_id()
    assert (first.version, first.variant) == (7, uuid.RFC_4122)
    import time

    time.sleep(0.002)
    assert new_id() > first
