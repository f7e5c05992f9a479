"""What the service does by itself: judge later, adopt what a release before stored, remove what was deleted."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app import backlog, judgement, upkeep
from tests.app.openrouter import OpenRouter, says
from tests.app.servers import McpServer, Postgres, wait_until

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"
GOOD = "flowchart LR\n  A --> B"
BAD = "flowchart LR\n  A --> broken"
UNSEEN = "It was not validated: the MCP server did not judge it."


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch, postgres_server: Postgres) -> Iterator[None]:
    monkeypatch.setattr(upkeep, "EVERY", 0.05)
    monkeypatch.setattr(upkeep, "PAUSE", 0.01)
    monkeypatch.setattr(upkeep, "LEASE", 1.0)
    yield
    with postgres_server.connect() as connection:
        connection.execute("TRUNCATE diagrams CASCADE")


@pytest.fixture
def client(serve: Serve, mcp: McpServer, provider: OpenRouter, postgres_server: Postgres) -> httpx.Client:
    return serve(
        openrouter_api_key="sk-or-1",
        openrouter_base_url=provider.url + "/api/v1",
        mcp_url=mcp.url + "/mcp",
        **postgres_server.environment,
    )


def save(client: httpx.Client, code: str = GOOD) -> str:
    saved = client.post(PATH, json={"code": code}).json()
    assert saved["validated"] is None
    return str(saved["id"])


def shown(client: httpx.Client, id_: str) -> dict[str, Any]:
    diagram: dict[str, Any] = client.get(f"{PATH}/{id_}").json()
    return diagram


def test_what_was_not_judged_is_judged_when_the_validator_is_back(
    client: httpx.Client, provider: OpenRouter, mcp: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the validator may answer late; the diagram is then tried again, but not after a minute.
    monkeypatch.setattr(backlog, "SOONEST", timedelta(seconds=1))
    mcp.stop()
    provider.plan(says(GOOD))
    written = client.post(PATH, json={"prompt": "x"}).json()
    assert (written["validated"], written["warnings"]) == (None, [judgement.LATER])
    good, bad, huge = written["id"], save(client, BAD), save(client, "flowchart LR\n  huge")
    mcp.start()
    wait_until(lambda: judgement.LATER not in str([shown(client, id_)["warnings"] for id_ in (good, bad, huge)]))
    judged = shown(client, good)
    assert (judged["validated"], judged["diagram_type"], judged["warnings"]) == (True, "flowchart-v2", [])
    assert judged["updated_at"] == written["updated_at"]  # nobody edited it
    judged = shown(client, bad)
    assert (judged["validated"], "line 2" in judged["warnings"][0]) == (False, True)
    judged = shown(client, huge)
    assert (judged["validated"], judged["warnings"]) == (
        None,
        ["It was not validated: too large to decide in time."],
    )
    assert mcp.calls.count("flowchart LR\n  huge") <= 10  # less and less often, not at each round
    # Its share of the parsers is its own, and nobody else's.
    assert hashlib.sha256(upkeep.CALLER.encode()).hexdigest()[:32] in mcp.callers


def test_what_a_stalled_machine_left_undecided_is_judged_later(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "SOONEST", timedelta(seconds=1))
    saved = save(client, "flowchart LR\n  stalled")
    wait_until(lambda: shown(client, saved)["validated"] is not None)
    judged = shown(client, saved)
    assert (judged["validated"], judged["warnings"]) == (True, [])


def test_one_that_is_refused_does_not_hold_the_others_up(client: httpx.Client, mcp: McpServer) -> None:
    refused = save(client, "flowchart LR\n  busy")
    mcp.stop()
    good = save(client)
    mcp.start()
    wait_until(lambda: shown(client, good)["validated"])
    assert shown(client, refused)["validated"] is None
    assert mcp.calls.count("flowchart LR\n  busy") <= 2  # by the caller's request, and once since


def test_one_that_the_validator_fails_on_does_not_hold_the_others_up(
    client: httpx.Client, mcp: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.errors import ValidatorUnavailableError
    from app.validator import Validator, Verdict

    validate = Validator.validate

    async def fails(self: Validator, code: str) -> Verdict:
        if "fatal" in code:
            raise ValidatorUnavailableError("no answer")
        return await validate(self, code)

    monkeypatch.setattr(Validator, "validate", fails)
    fatal = save(client, "flowchart LR\n  fatal")
    mcp.stop()
    good = save(client)
    mcp.start()
    wait_until(lambda: shown(client, good)["validated"])
    assert shown(client, fatal)["validated"] is None


def test_every_revision_gets_its_own_verdict(client: httpx.Client, mcp: McpServer) -> None:
    mcp.stop()
    id_ = save(client)
    client.post(f"{PATH}/{id_}/revisions", json={"code": BAD})
    mcp.start()

    def verdicts() -> list[bool | None]:
        return [item["validated"] for item in client.get(f"{PATH}/{id_}/revisions").json()["items"]]

    wait_until(lambda: None not in verdicts())
    assert verdicts() == [False, True]
    assert shown(client, id_)["validated"] is False


def test_what_a_release_before_stored_is_found_and_judged(
    client: httpx.Client, mcp: McpServer, postgres_server: Postgres
) -> None:
    ids = [str(uuid.uuid4()) for _ in range(60)]
    with postgres_server.connect() as connection:
        for number, id_ in enumerate(ids):
            connection.execute(
                "INSERT INTO diagrams (id, prompt, code, model, validated, attempts, warnings)"
                " VALUES (%s, %s, %s, 'm', %s, 1, %s)",
                [id_, f"elephant {number}", GOOD, number > 1, json.dumps([UNSEEN] if number == 0 else [])],
            )

    def found() -> set[str]:
        items = client.get(PATH, params={"search": "elephant", "limit": 100}).json()["items"]
        return {item["id"] for item in items}

    wait_until(lambda: found() == set(ids))
    wait_until(lambda: shown(client, ids[0])["validated"])
    assert shown(client, ids[0])["warnings"] == []
    assert shown(client, ids[1])["validated"] is False  # it was judged
    assert shown(client, ids[2])["title"] == "elephant 2"
    assert client.get(f"{PATH}/{ids[2]}/revisions").json()["items"][0]["source"] == "model"
    assert mcp.calls == [GOOD]


def test_what_was_deleted_long_ago_is_removed_with_its_revisions(
    client: httpx.Client, postgres_server: Postgres
) -> None:
    old, young, kept = (client.post(PATH, json={"code": GOOD}).json()["id"] for _ in range(3))
    for id_ in (old, young):
        client.post(f"{PATH}/{id_}/revisions", json={"code": BAD})
        client.delete(f"{PATH}/{id_}")
    with postgres_server.connect() as connection:
        for id_, days in ((old, 31), (young, 29)):
            connection.execute(
                "UPDATE diagrams SET deleted_at = now() - make_interval(days => %s) WHERE id = %s", [days, id_]
            )

        def ids(query: str) -> set[str]:
            return {str(id_) for (id_,) in connection.execute(query).fetchall()}

        wait_until(lambda: ids("SELECT id FROM diagrams") == {young, kept})
        assert ids("SELECT diagram_id FROM revisions") == {young}
    assert client.post(f"{PATH}/{old}/restore").status_code == 404
    assert client.post(f"{PATH}/{young}/restore").status_code == 200


def test_one_process_works_at_a_time_and_another_takes_over(
    serve: Serve, mcp: McpServer, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []
    take = upkeep.Lease.take

    async def counted(self: upkeep.Lease) -> bool:
        tried.append(await take(self))
        return tried[-1]

    monkeypatch.setattr(upkeep.Lease, "take", counted)
    environment = {**postgres_server.environment, "mcp_url": mcp.url + "/mcp"}
    clients = [serve(**environment, log_level=level) for level in ("INFO", "WARNING")]
    wait_until(lambda: True in tried)
    with postgres_server.connect() as connection:
        connection.execute(
            "UPDATE leases SET holder = %s, until = now() + interval '1 hour'", [uuid.uuid4()]
        )  # somebody else has it
        mcp.stop()
        id_ = save(clients[0])
        mcp.start()
        mcp.calls.clear()
        tried.clear()
        wait_until(lambda: tried.count(False) > 4)
        assert shown(clients[0], id_)["validated"] is None
        assert not mcp.calls
        connection.execute("UPDATE leases SET until = now()")  # as when its holder was killed
    wait_until(lambda: shown(clients[0], id_)["validated"])
    assert mcp.calls == [GOOD]
