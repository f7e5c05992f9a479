"""Changing a diagram over HTTP: own code, edits, undo, what a model changes, and two who change at once."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app import judgement
from tests.app.openrouter import OpenRouter, fails, hangs, says
from tests.app.servers import McpServer, Postgres, wait_until

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"
FIRST = "flowchart LR\n  A --> B"
SECOND = "flowchart LR\n  A --> B --> C"
THIRD = "sequenceDiagram\n  A->>B: hello"
BAD = "flowchart LR\n  A --> broken"


def save(client: httpx.Client, code: str = FIRST, **body: str) -> dict[str, Any]:
    answer = client.post(PATH, json={"code": code, **body})
    assert answer.status_code == 201, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


def history(client: httpx.Client, diagram: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"{PATH}/{diagram['id']}/revisions").json()["items"]
    return items


def test_own_code_is_judged_and_saved(start: Serve) -> None:
    client = start(openrouter_api_key="")  # it takes no model
    answer = client.post(PATH, json={"code": FIRST, "title": "  Two\n boxes "})
    saved = answer.json()
    assert answer.status_code == 201
    assert client.get(answer.headers["location"]).json() == saved
    assert (saved["title"], saved["code"], saved["revision"]) == ("Two boxes", FIRST, 1)
    assert (saved["prompt"], saved["model"], saved["attempts"]) == (None, None, 0)
    assert (saved["validated"], saved["diagram_type"], saved["warnings"]) == (True, "flowchart-v2", [])


def test_own_code_is_saved_whatever_the_verdict(start: Serve) -> None:
    client = start()
    broken = save(client, BAD)
    assert (broken["validated"], broken["code"]) == (False, BAD)
    assert "line 2" in broken["warnings"][0]
    undrawable = save(client, "gantt\n  A: Q1, 3d")
    assert undrawable["validated"] is False
    assert "cannot be drawn" in undrawable["warnings"][0]
    huge = save(client, "flowchart LR\n  huge")
    assert (huge["validated"], huge["warnings"]) == (None, ["It was not validated: too large to decide in time."])


def test_own_code_is_saved_while_the_validator_is_away(start: Serve, mcp: McpServer) -> None:
    mcp.stop()
    saved = save(start())
    assert (saved["validated"], saved["warnings"]) == (None, [judgement.LATER])


def test_a_fence_is_left_out(start: Serve) -> None:
    assert save(start(), f"```mermaid\n{FIRST}\n```\n")["code"] == FIRST


def test_own_code_needs_a_database(start: Serve) -> None:
    for settings, kind in (({"postgres_host": ""}, "no-database"), ({"postgres_port": "1"}, "database-unavailable")):
        answer = start(**settings).post(PATH, json={"code": FIRST})
        assert (answer.status_code, answer.json()["type"]) == (503, kind)


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ('pie title Pets\n  "Dogs": 3', "Pets"),
        ("---\ntitle: My orders\n---\nflowchart LR\n  A", "My orders"),
        ("flowchart LR\n  accTitle: All orders\n  A", "All orders"),
        (FIRST, "flowchart LR A --> B"),
        ("flowchart LR\n  A[" + "long " * 50 + "]", ("flowchart LR A[" + "long " * 50)[:119].rstrip() + "…"),
    ],
)
def test_a_title_is_made_of_the_diagram(start: Serve, code: str, title: str) -> None:
    assert save(start(), code)["title"] == title


def test_an_edit_is_the_newest_revision_and_the_earlier_ones_stay(start: Serve) -> None:
    client = start()
    first = save(client, title="Mine")
    answer = client.post(f"{PATH}/{first['id']}/revisions", json={"code": THIRD, "base": 1})
    second = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{PATH}/{first['id']}")
    assert client.get(answer.headers["location"]).json() == second
    assert (second["revision"], second["code"], second["diagram_type"]) == (2, THIRD, "sequence")
    assert (second["title"], second["created_at"]) == ("Mine", first["created_at"])
    assert second["updated_at"] > first["updated_at"]
    newest, earliest = history(client, first)
    assert newest == {
        "revision": 2,
        "created_at": second["updated_at"],
        "change": None,
        "restored": None,
        "code": THIRD,
        "diagram_type": "sequence",
        "validated": True,
        "source": "caller",
    }
    assert (earliest["revision"], earliest["code"], earliest["created_at"]) == (1, FIRST, first["created_at"])


def test_undo_brings_an_earlier_revision_back_as_a_new_one(start: Serve, provider: OpenRouter) -> None:
    client = start()
    provider.plan(says(FIRST))
    diagram = client.post(PATH, json={"prompt": "two boxes", "model": "vendor/model"}).json()
    path = f"{PATH}/{diagram['id']}/revisions"
    client.post(path, json={"code": BAD})
    undone = client.post(path, json={"revision": 1, "base": 2})
    assert undone.status_code == 201
    expected = {**diagram, "revision": 3, "updated_at": undone.json()["updated_at"]}
    assert undone.json() == expected
    assert [(item["code"], item["source"], item["restored"]) for item in history(client, diagram)] == [
        (FIRST, "model", 1),
        (BAD, "caller", None),
        (FIRST, "model", None),
    ]
    answer = client.post(path, json={"revision": 9})
    assert (answer.status_code, answer.json()["type"]) == (404, "no-such-revision")


def test_undo_judges_what_was_not_judged(start: Serve, mcp: McpServer) -> None:
    client = start()
    mcp.stop()
    diagram = save(client)
    mcp.start()
    client.post(f"{PATH}/{diagram['id']}/revisions", json={"code": SECOND})
    undone = client.post(f"{PATH}/{diagram['id']}/revisions", json={"revision": 1}).json()
    assert (undone["validated"], undone["warnings"], undone["code"]) == (True, [], FIRST)


def test_a_model_changes_the_newest_revision(start: Serve, provider: OpenRouter) -> None:
    client = start()
    diagram = save(client, title="Boxes")
    provider.plan(says(BAD), says(SECOND))
    answer = client.post(
        f"{PATH}/{diagram['id']}/revisions", json={"change": "Add a third box", "model": "vendor/model"}
    )
    changed = answer.json()
    assert answer.status_code == 201
    assert (changed["revision"], changed["code"], changed["attempts"], changed["validated"]) == (2, SECOND, 2, True)
    assert (changed["title"], changed["prompt"], changed["model"]) == ("Boxes", None, "vendor/model")
    asked = provider.requests[0]["messages"][1]["content"]
    assert FIRST in asked
    assert "Add a third box" in asked
    assert "line 2: Parse error" in provider.requests[1]["messages"][-1]["content"]
    newest = history(client, diagram)[0]
    assert (newest["change"], newest["source"]) == ("Add a third box", "model")


def test_who_goes_while_a_model_changes_finds_the_revision_that_is_his(start: Serve, provider: OpenRouter) -> None:
    client = start()
    diagram = save(client)
    released = threading.Event()
    provider.plan(says(BAD), hangs(released))
    body = json.dumps({"change": "Add a third box", "base": 1}).encode()
    head = f"POST {PATH}/{diagram['id']}/revisions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as connection:
        connection.sendall(head.encode() + body)
        wait_until(lambda: len(provider.requests) == 2)  # the first answer came whole
    wait_until(lambda: len(history(client, diagram)) == 2)
    released.set()
    newest = history(client, diagram)[0]
    assert (newest["revision"], newest["change"], newest["code"]) == (2, "Add a third box", BAD)


def test_a_change_that_fails_changes_nothing(start: Serve, provider: OpenRouter) -> None:
    client = start()
    diagram = save(client)
    provider.plan(fails(429, "slow down"))
    answer = client.post(f"{PATH}/{diagram['id']}/revisions", json={"change": "more"})
    assert (answer.status_code, answer.json()["type"]) == (429, "llm-rate-limited")
    assert client.get(f"{PATH}/{diagram['id']}").json() == diagram


def test_who_does_not_know_the_newest_revision_is_told(start: Serve, provider: OpenRouter) -> None:
    client = start()
    diagram = save(client)
    path = f"{PATH}/{diagram['id']}/revisions"
    client.post(path, json={"code": SECOND})
    for body in ({"code": THIRD}, {"revision": 1}, {"change": "more"}):
        answer = client.post(path, json={**body, "base": 1})
        assert (answer.status_code, answer.json()["type"]) == (409, "revision-conflict"), body
        assert "revision is 2, not 1" in answer.json()["detail"]
    assert not provider.requests  # nobody paid for it
    assert len(history(client, diagram)) == 2


def test_of_many_who_edit_the_same_revision_one_succeeds(start: Serve) -> None:
    client = start()
    path = f"{PATH}/{save(client)['id']}/revisions"
    with ThreadPoolExecutor(8) as pool:
        bodies = [{"code": f"flowchart LR\n  A --> B{n}", "base": 1} for n in range(8)]
        answers = list(pool.map(lambda body: client.post(path, json=body), bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    with ThreadPoolExecutor(8) as pool:  # without `base`, all do, one after the other
        answers = list(pool.map(lambda body: client.post(path, json={"code": body["code"]}), bodies))
    assert sorted(answer.json()["revision"] for answer in answers) == list(range(3, 11))


@pytest.mark.parametrize("base", [None, 1])
def test_what_a_model_wrote_while_others_edited_is_not_lost(
    start: Serve, provider: OpenRouter, base: int | None
) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=says(SECOND)))
    client = start()
    path = f"{PATH}/{save(client)['id']}/revisions"
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(client.post, path, json={"change": "more", **({"base": base} if base else {})})
        wait_until(lambda: provider.requests)
        assert client.post(path, json={"code": THIRD}).status_code == 201
        released.set()
        answer = writing.result()
    if base:
        assert (answer.status_code, answer.json()["code"]) == (409, SECOND)
    else:
        assert (answer.status_code, answer.json()["revision"], answer.json()["code"]) == (201, 3, SECOND)
        assert "made from revision 1" in answer.json()["warnings"][-1]


def test_what_a_model_wrote_for_a_diagram_that_is_deleted_meanwhile_is_returned(
    start: Serve, provider: OpenRouter
) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=says(SECOND)))
    client = start()
    diagram = save(client)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(client.post, f"{PATH}/{diagram['id']}/revisions", json={"change": "more"})
        wait_until(lambda: provider.requests)
        client.delete(f"{PATH}/{diagram['id']}")
        released.set()
        answer = writing.result()
    assert (answer.status_code, answer.json()["id"], answer.json()["code"]) == (200, None, SECOND)
    assert "deleted meanwhile" in answer.json()["warnings"][-1]


def test_many_revisions_come_in_pages(start: Serve) -> None:
    client = start()
    diagram = save(client)
    path = f"{PATH}/{diagram['id']}/revisions"
    for _ in range(4):
        client.post(path, json={"code": SECOND})
    seen: list[int] = []
    query: dict[str, int] = {"limit": 2}
    while True:
        page = client.get(path, params=query).json()
        seen += [item["revision"] for item in page["items"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert seen == [5, 4, 3, 2, 1]
    assert client.get(path, params={"before": 1}).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        (PATH, {"code": ""}, "body.code"),
        (PATH, {"code": " \n"}, "body.code"),
        (PATH, {"code": "a\0b"}, "body.code"),
        (PATH, {"code": "x" * 50_001}, "body.code"),
        (PATH, {"code": FIRST, "prompt": "x"}, "body.prompt"),
        (PATH, {"code": FIRST, "title": "x" * 121}, "body.title"),
        (PATH, {"code": FIRST, "title": " "}, "body.title"),
        ("revisions", {}, "body.change"),
        ("revisions", {"change": " "}, "body.change"),
        ("revisions", {"change": "x", "code": FIRST}, "body.change"),
        ("revisions", {"revision": 0}, "body.revision"),
        ("revisions", {"revision": 2**40}, "body.revision"),
        ("revisions", {"code": FIRST, "base": "x"}, "body.base"),
        ("revisions", [], "body"),
    ],
)
def test_bad_requests_say_where(start: Serve, path: str, body: object, where: str) -> None:
    client = start()
    if path == "revisions":
        path = f"{PATH}/{save(client)['id']}/revisions"
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert where in {error["where"] for error in answer.json()["errors"]}
    assert "«" not in answer.text


def test_an_edit_whose_answer_was_cut_is_made_once(start: Serve, postgres_server: Postgres) -> None:
    """The database commits it and breaks the connection: the repetition finds it done."""
    import asyncio
    import uuid

    from app.database import Database
    from app.diagram import Content
    from app.history import History
    from app.store import Store
    from tests.app.conftest import make_settings

    client = start()
    diagram = save(client)

    class Twice(Database):
        async def run(self, work: Any) -> Any:
            await super().run(work)
            return await super().run(work)

    async def edit() -> None:
        database = Twice(make_settings(**postgres_server.environment))
        content = Content(SECOND, validated=True, diagram_type=None, warnings=[], later=False)
        changed = await History(database).add(uuid.UUID(diagram["id"]), content, base=1)
        assert changed is not None
        assert changed.revision == 2
        added = await Store(database).add(content)
        assert await Store(database).get(added.id) == added
        await database.close()

    asyncio.run(edit())
    assert len(history(client, diagram)) == 2
