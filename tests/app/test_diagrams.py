"""Stored diagrams over HTTP: list, pages, show, delete; and without a database."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.database import Database
from app.diagram import Content
from app.settings import Settings
from app.store import Store, new_id
from tests.app.servers import Postgres

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"


@pytest.fixture
def client(serve_once: Serve, postgres_server: Postgres) -> Iterator[httpx.Client]:
    client = serve_once(**postgres_server.environment)
    client.get("/health")
    with postgres_server.connect() as connection:
        connection.execute("TRUNCATE diagrams CASCADE")
    return client


@pytest.fixture
def add(settings: Callable[..., Settings], postgres_server: Postgres) -> Callable[[int], list[str]]:
    """Store so many diagrams; gives their ids."""

    async def store(count: int) -> list[str]:
        database = Database(settings(**postgres_server.environment))
        content = Content("graph", validated=True, diagram_type=None, warnings=[], later=False, source="model")
        ids = [str((await Store(database).add(content, prompt=f"p{n}")).id) for n in range(count)]
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


CONTROLS = "a\x1b[31m\x07\x0b\x85\u2028b\u202ec\u2066d"


def test_a_title_is_one_line_without_control_characters(client: httpx.Client) -> None:
    wanted = "a [31m b c d"
    made = client.post(PATH, json={"code": "flowchart LR", "title": CONTROLS}).json()
    assert made["title"] == wanted
    assert client.patch(f"{PATH}/{made['id']}", json={"title": f"\n{CONTROLS}\t"}).json()["title"] == wanted
    assert client.post(PATH, json={"code": f"pie\n  title {CONTROLS}"}).json()["title"] == wanted


def test_control_characters_in_a_search_are_blanks(client: httpx.Client, add: Callable[[int], list[str]]) -> None:
    add(1)
    made = client.post(PATH, json={"code": "flowchart LR", "title": "green herons"}).json()
    found = client.get(PATH, params={"search": "green\x1bherons"}).json()["items"]
    assert [each["id"] for each in found] == [made["id"]]


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


def test_a_title_is_changed(client: httpx.Client, add: Callable[[int], list[str]]) -> None:
    (id_,) = add(1)
    before = client.get(f"{PATH}/{id_}").json()
    assert before["title"] == "p0"  # the prompt's beginning
    answer = client.patch(f"{PATH}/{id_}", json={"title": "Orders & more"})
    assert (answer.status_code, answer.json()["title"]) == (200, "Orders & more")
    assert answer.json()["updated_at"] > before["updated_at"]
    assert client.get(f"{PATH}/{id_}").json() == answer.json()
    assert client.patch(f"{PATH}/{id_}", json={"title": " "}).status_code == 422
    assert client.patch(f"{PATH}/{uuid.uuid4()}", json={"title": "x"}).status_code == 404


def test_a_deleted_diagram_is_restored_with_its_revisions(
    client: httpx.Client, add: Callable[[int], list[str]]
) -> None:
    id_, other = add(2)
    whole = client.post(f"{PATH}/{id_}/revisions", json={"code": "graph LR"}).json()
    assert client.delete(f"{PATH}/{id_}").status_code == 204
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {"title": "x"}),
        ("GET", "/revisions", None),
        ("POST", "/revisions", {"code": "graph"}),
        ("POST", "/revisions", {"revision": 1}),
    ):
        answer = client.request(method, f"{PATH}/{id_}{path}", json=body)
        assert (answer.status_code, answer.json()["type"]) == (404, "no-such-diagram"), (method, path)
    assert [item["id"] for item in client.get(PATH).json()["items"]] == [other]
    (deleted,) = client.get(PATH, params={"deleted": "true"}).json()["items"]
    assert {**deleted, "deleted_at": None} == whole
    assert deleted["deleted_at"]
    restored = client.post(f"{PATH}/{id_}/restore")
    assert (restored.status_code, restored.json()) == (200, whole)
    assert client.post(f"{PATH}/{id_}/restore").json() == whole  # once more changes nothing
    assert [item["revision"] for item in client.get(f"{PATH}/{id_}/revisions").json()["items"]] == [2, 1]
    assert client.get(PATH, params={"deleted": "true"}).json()["items"] == []
    assert client.post(f"{PATH}/{uuid.uuid4()}/restore").status_code == 404


SEARCHES = {
    "order": ["a", "b", "e"],
    "ORD": ["a", "b", "e"],  # beginnings of words, in any case
    "rder": [],
    "ship order": ["a"],  # all of them, in any order
    "straße": ["c"],
    "STRASSE": ["c"],
    "über": ["c"],
    "注文": ["d"],  # scripts without spaces: anywhere
    "支払": ["d"],
    "文注": [],
    "払": ["d"],
    "service": ["e"],  # parts of orderService and order_item
    "orderservice": ["e"],
    "item": ["e"],
    "100%": ["f"],
    "%": [],
    "_": [],
    "' | 'x':*": ["f"],  # no syntax: the word x
    "invoice": ["a"],  # its title
    " ": ["a", "b", "c", "d", "e", "f"],
}
"""What is searched for, and the diagrams that are found."""


def test_search_finds_words_of_title_prompt_and_code(client: httpx.Client) -> None:
    saved = {
        client.post(PATH, json=body).json()["id"]: name
        for name, body in {
            "a": {"code": "flowchart\n  Order --> Ship", "title": "Invoices"},
            "b": {"code": "flowchart\n  orders"},
            "c": {"code": "flowchart\n  Über --> Straße"},
            "d": {"code": "flowchart\n  顧客が注文を支払う"},
            "e": {"code": "erDiagram\n  orderService ||--o{ the_item : has"},
            "f": {"code": "pie\n  'x': 100"},
        }.items()
    }

    def search(text: str) -> list[str]:
        return sorted(saved[each["id"]] for each in client.get(PATH, params={"search": text}).json()["items"])

    assert {each: search(each) for each in SEARCHES} == SEARCHES


def test_search_follows_titles_edits_and_deletions_page_by_page(
    client: httpx.Client, add: Callable[[int], list[str]]
) -> None:
    def search(text: str, **query: str) -> list[str]:
        return [item["id"] for item in client.get(PATH, params={"search": text, **query}).json()["items"]]

    first, second, third = add(3)
    assert search("graph") == [third, second, first]
    client.patch(f"{PATH}/{first}", json={"title": "Elephants"})
    client.post(f"{PATH}/{second}/revisions", json={"code": "pie"})
    client.delete(f"{PATH}/{third}")
    assert (search("elephant"), search("graph"), search("pie")) == ([first], [first], [second])
    assert search("p2") == []
    assert search("p2", deleted="true") == [third]
    page = client.get(PATH, params={"search": "p", "limit": 1}).json()
    assert ([item["id"] for item in page["items"]], page["next"]) == ([second], second)
    assert search("p", before=page["next"]) == [first]
    assert client.get(PATH, params={"search": "x" * 201}).status_code == 422
    assert client.get(PATH, params={"search": "a\0"}).status_code == 422
