"""What callers may spend together: calls of the model a day, tokens of an answer, and which models."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.types import Send

from app.budget import Budget, Spending
from app.database import Database
from app.settings import Settings
from tests.app.conftest import KEY
from tests.app.openrouter import OpenRouter, fails, says
from tests.app.servers import McpServer, Postgres, uvicorn_process, wait_until

Serve = Callable[..., httpx.Client]
Make = Callable[..., Settings]
PATH = "/api/v1/diagrams"
GOOD = "flowchart LR\n  A --> B"
BAD = "flowchart LR\n  A --> broken"


@pytest.fixture
def limited(serve: Serve, postgres: Postgres, mcp: McpServer, provider: OpenRouter) -> Serve:
    """Serve everything, with so many calls a day."""

    def make(calls: int, **environment: str) -> httpx.Client:
        return serve(**{**everything(postgres, mcp, provider), "LLM_DAILY_REQUESTS": str(calls), **environment})

    return make


def everything(postgres: Postgres, mcp: McpServer, provider: OpenRouter) -> dict[str, str]:
    return {
        **postgres.environment,
        "OPENROUTER_API_KEY": KEY,
        "OPENROUTER_BASE_URL": provider.url + "/api/v1",
        "MCP_URL": mcp.url + "/mcp",
    }


def write(client: httpx.Client, **body: str) -> httpx.Response:
    return client.post(PATH, json={"prompt": "x", **body})


def assert_spent(answer: httpx.Response) -> None:
    """It is refused until the next midnight of UTC."""
    assert answer.status_code == 429, answer.text
    assert answer.json()["type"] == "budget-spent"
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    left = (midnight - now).total_seconds()
    assert left <= int(answer.headers["retry-after"]) <= left + 60
    detail = answer.json()["detail"]
    assert re.search(r"there are new ones in (\d+ h )?\d+ (min|s), at 00:00 UTC", detail)
    assert "LLM_DAILY_REQUESTS" not in detail  # a caller can set none


def test_the_day_ends_with_its_calls(limited: Serve, provider: OpenRouter, caplog: pytest.LogCaptureFixture) -> None:
    client = limited(2)
    provider.plan(says(GOOD))
    assert [write(client).status_code for _ in range(2)] == [201, 201]
    refused = write(client)
    assert_spent(refused)
    assert "2 calls" in refused.json()["detail"]
    assert "LLM_DAILY_REQUESTS is 2" in caplog.text
    assert len(provider.requests) == 2


def test_who_asked_for_events_is_refused_like_others(limited: Serve, provider: OpenRouter) -> None:
    client = limited(0)
    assert_spent(client.post(PATH, json={"prompt": "x"}, headers={"Accept": "text/event-stream"}))


def test_nothing_is_spent_with_zero(limited: Serve, provider: OpenRouter) -> None:
    assert_spent(write(limited(0)))
    assert provider.requests == []


def test_each_repair_is_a_call_and_the_best_draft_is_kept(limited: Serve, provider: OpenRouter) -> None:
    client = limited(2)
    provider.plan(says(BAD))
    answer = write(client)
    made = answer.json()
    assert answer.status_code == 201
    assert (made["code"], made["validated"], made["attempts"]) == (BAD, False, 2)
    assert made["warnings"][-1].startswith("It could not be repaired: budget-spent: The 2 calls of the model")
    assert len(provider.requests) == 2


def test_a_second_try_after_a_failure_is_a_call(limited: Serve, provider: OpenRouter) -> None:
    client = limited(1)
    provider.plan(fails(500))
    assert_spent(write(client))
    assert len(provider.requests) == 1


def test_another_day_has_calls_of_its_own(limited: Serve, postgres: Postgres, provider: OpenRouter) -> None:
    client = limited(1)
    provider.plan(says(GOOD))
    assert client.get(PATH).status_code == 200
    with postgres.connect() as connection:
        today = "(now() AT TIME ZONE 'UTC')::date"
        connection.execute(f"INSERT INTO model_calls VALUES ({today} - 1, 1), ({today} + 1, 1)")
    assert write(client).status_code == 201
    assert_spent(write(client))


@pytest.mark.nightly
def test_workers_spend_together_and_a_restart_gives_nothing_back(
    postgres: Postgres, mcp: McpServer, provider: OpenRouter
) -> None:
    provider.plan(says(GOOD))
    environment = {**everything(postgres, mcp, provider), "LLM_DAILY_REQUESTS": "10", "LOG_LEVEL": "CRITICAL"}
    for expected in ([201] * 10 + [429] * 10, [429] * 20):
        with uvicorn_process("--workers=2", environment=environment) as (_, url):
            wait_until(lambda url=url: healthy(url))
            with ThreadPoolExecutor(20) as pool:
                # A connection each, so that both workers get some.
                answers = list(pool.map(lambda _: httpx.post(url + PATH, json={"prompt": "x"}, timeout=60), range(20)))
        assert sorted(answer.status_code for answer in answers) == expected
    assert len(provider.requests) == 10


def healthy(url: str) -> bool:
    try:
        return httpx.get(url + "/health").status_code == 200
    except httpx.TransportError:
        return False


def test_what_cannot_be_counted_is_not_spent(limited: Serve, postgres: Postgres, provider: OpenRouter) -> None:
    client = limited(5)
    postgres.stop()
    refused = write(client)
    assert (refused.status_code, refused.json()["type"]) == (503, "database-unavailable")
    assert refused.headers["retry-after"] == "5"
    assert provider.requests == []


def test_a_draft_is_kept_when_the_next_call_cannot_be_counted(
    limited: Serve, postgres: Postgres, provider: OpenRouter
) -> None:
    async def answer_while_the_database_ends(send: Send, body: dict[str, object]) -> None:
        await asyncio.to_thread(postgres.stop)
        await says(BAD)(send, body)

    client = limited(5)
    provider.plan(answer_while_the_database_ends)
    answer = write(client)
    assert answer.status_code == 200
    assert answer.json()["code"] == BAD
    assert any("uncounted" in warning for warning in answer.json()["warnings"])
    assert len(provider.requests) == 1


def test_without_a_limit_the_database_may_be_away(limited: Serve, postgres: Postgres, provider: OpenRouter) -> None:
    client = limited(5, LLM_DAILY_REQUESTS="")
    postgres.stop()
    provider.plan(says(GOOD))
    assert write(client).status_code == 200


def test_without_a_database_a_worker_has_its_share(serve: Serve, mcp: McpServer, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    client = serve(
        llm_daily_requests="5",
        web_concurrency="2",
        openrouter_api_key=KEY,
        openrouter_base_url=provider.url + "/api/v1",
        mcp_url=mcp.url + "/mcp",
    )
    assert [write(client).status_code for _ in range(2)] == [200, 200]
    assert_spent(write(client))


def test_what_was_spent_is_told(settings: Make, postgres: Postgres) -> None:
    async def spend(made: Settings) -> list[Spending]:
        database = Database(made)
        budget = Budget(made, database)
        told = [await budget.today()]
        for _ in range(3):
            await budget.reserve()
        told.append(await budget.today())
        await database.close()
        return told

    assert asyncio.run(spend(settings(**postgres.environment))) == [Spending(0, None), Spending(3, None)]
    limited = settings(llm_daily_requests="7", **postgres.environment)
    assert asyncio.run(spend(limited)) == [Spending(3, 7), Spending(6, 7)]


def test_an_answer_may_have_so_many_tokens(limited: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    write(limited(5, LLM_MAX_TOKENS="1234"))
    write(limited(5))
    assert provider.requests[0]["max_tokens"] == 1234
    assert "max_tokens" not in provider.requests[1]


def test_only_allowed_models_are_asked(limited: Serve, provider: OpenRouter) -> None:
    client = limited(9, OPENROUTER_MODEL="a/default", LLM_MODELS="b/cheap:free, c/other")
    provider.plan(says(GOOD))
    for allowed in ("a/default", "b/cheap:free", "c/other"):
        assert write(client, model=allowed).status_code == 201
    assert write(client).status_code == 201
    assert [request["model"] for request in provider.requests] == ["a/default", "b/cheap:free", "c/other", "a/default"]
    refused = write(client, model="d/expensive")
    assert (refused.status_code, refused.json()["type"]) == (422, "model-not-allowed")
    assert "a/default, b/cheap:free, c/other." in refused.json()["detail"]
    assert len(provider.requests) == 4


def test_a_star_allows_every_model(limited: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    assert write(limited(5, LLM_MODELS="*"), model="d/expensive").status_code == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("llm_models", "a b c, $d"),
        ("llm_daily_requests", "-1"),
        ("llm_daily_requests", "many"),
        ("llm_max_tokens", "0"),
    ],
)
def test_a_wrong_limit_ends_the_start(settings: Make, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        settings(**{name: value})
