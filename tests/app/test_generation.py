"""POST /api/v1/diagrams against a fake OpenRouter, a real MCP server and a real PostgreSQL."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app import writer
from tests.app import openrouter
from tests.app.openrouter import OpenRouter, Reply, drops, fails, fails_midway, hangs, raw, says
from tests.app.servers import McpServer, Postgres

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"
KEY = "sk-or-v1-very-secret"
GOOD = "flowchart LR\n  A --> B"
BAD = "flowchart LR\n  A --> broken"


@pytest.fixture
def start(serve: Serve, mcp: McpServer, provider: OpenRouter, postgres_server: Postgres) -> Callable[..., httpx.Client]:
    """Serve everything; more settings may be given."""

    def make(**environment: str) -> httpx.Client:
        defaults = {
            **postgres_server.environment,
            "openrouter_api_key": KEY,
            "openrouter_base_url": provider.url + "/api/v1",
            "mcp_url": mcp.url + "/mcp",
        }
        return serve(**{**{key.lower(): value for key, value in defaults.items()}, **environment})

    return make


def test_writes_validates_and_stores(start: Serve, provider: OpenRouter) -> None:
    client = start(openrouter_model="vendor/model")
    provider.plan(says(GOOD))
    answer = client.post(PATH, json={"prompt": "An order is shipped", "diagram_type": "flowchart"})
    made = answer.json()
    assert answer.status_code == 201
    assert {key: made[key] for key in made if key != "id"} == {
        "code": GOOD,
        "diagram_type": "flowchart",
        "validated": True,
        "attempts": 1,
        "warnings": [],
    }
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    stored = client.get(answer.headers["location"]).json()
    assert {**stored, "created_at": None} == {
        **made,
        "prompt": "An order is shipped",
        "model": "vendor/model",
        "created_at": None,
    }
    request = provider.requests[0]
    assert request["model"] == "vendor/model"
    assert "flowchart" in request["messages"][1]["content"]
    assert request["messages"][1]["content"].endswith("An order is shipped")
    assert provider.headers[0]["authorization"] == f"Bearer {KEY}"


def test_errors_go_back_to_the_model_until_it_is_valid(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(BAD), says(GOOD))
    made = start().post(PATH, json={"prompt": "x", "model": "a/b:free"}).json()
    assert (made["validated"], made["attempts"], made["warnings"]) == (True, 2, [])
    assert [request["model"] for request in provider.requests] == ["a/b:free"] * 2
    assistant, user = provider.requests[1]["messages"][-2:]
    assert assistant == {"role": "assistant", "content": BAD}
    assert "line 2: Parse error: got 'broken' (at: A --> broken)" in user["content"]


def test_still_invalid_after_all_attempts_is_returned_with_its_errors(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(BAD))
    answer = start(generation_attempts="2").post(PATH, json={"prompt": "x"})
    made = answer.json()
    assert answer.status_code == 201
    assert (made["code"], made["validated"], made["attempts"]) == (BAD, False, 2)
    assert "line 2" in made["warnings"][0]
    assert len(provider.requests) == 2


def test_mcp_down_gives_the_diagram_unvalidated(start: Serve, provider: OpenRouter, mcp: McpServer) -> None:
    mcp.stop()
    provider.plan(says(GOOD))
    answer = start().post(PATH, json={"prompt": "x"})
    made = answer.json()
    assert (answer.status_code, made["code"], made["validated"]) == (201, GOOD, False)
    assert "not validated" in made["warnings"][0]


def test_no_key_says_which_variable(start: Serve) -> None:
    answer = start(openrouter_api_key="").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (503, "no-key")
    assert "OPENROUTER_API_KEY" in answer.json()["detail"]


def test_without_a_database_the_diagram_is_returned(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    answer = start(postgres_host="").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["id"], answer.json()["code"]) == (200, None, GOOD)
    assert "no database" in answer.json()["warnings"][0]


def test_a_database_that_is_down_loses_no_diagram(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    answer = start(postgres_port="1").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["id"], answer.json()["code"]) == (200, None, GOOD)
    assert "not stored" in answer.json()["warnings"][0]


@pytest.mark.parametrize(
    "text",
    [
        f"```mermaid\n{GOOD}\n```",
        f"Here it is:\n\n```mermaid\n{GOOD}\n```\n\nEnjoy!",
        f"```\n{GOOD}\n```",
        f"~~~mermaid\n{GOOD}\n~~~",
        f"```mermaid\n{GOOD}",
        f"```python\nprint()\n```\n```Mermaid\r\n{GOOD}\r\n```",
        f"\n\n{GOOD}\n",
    ],
)
def test_fences_and_talk_around_the_code_are_taken_off(text: str) -> None:
    assert writer.extract(text) == GOOD


FAULTS: list[tuple[Reply, int, str]] = [
    (fails(401, "No auth credentials found"), 503, "llm-key-rejected"),
    (fails(402, "Insufficient credits"), 503, "llm-no-credits"),
    (fails(403, "flagged", metadata={"reasons": ["violence"], "flagged_input": "x"}), 422, "llm-refused"),
    (fails(404, "No endpoints found"), 422, "llm-model-unknown"),
    (fails(400, "nope is not a valid model ID"), 422, "llm-model-unknown"),
    (fails(400, "bad temperature"), 502, "llm-rejected"),
    (fails(408, "timeout"), 504, "llm-timeout"),
    (fails(429, "slow down"), 429, "llm-rate-limited"),
    (fails(500, "oops"), 502, "llm-unavailable"),
    (fails(503, "no provider"), 502, "llm-unavailable"),
    (fails_midway(502, "Provider disconnected"), 502, "llm-unavailable"),
    (fails_midway("server_error", "Provider disconnected"), 502, "llm-unavailable"),
    (fails_midway(429, "Rate limited"), 429, "llm-rate-limited"),
    (drops("flow"), 502, "llm-unavailable"),
    (says("", refusal="I can't help with that."), 422, "llm-refused"),
    (says("A", finish="content_filter"), 422, "llm-refused"),
    (says(""), 502, "llm-empty"),
    (says("```mermaid\n```"), 502, "llm-empty"),
    (raw("data: {not json\n\n"), 502, "llm-unavailable"),
    (raw("data: []\n\n"), 502, "llm-unavailable"),
    (raw('data: {"choices": 5}\n\n'), 502, "llm-unavailable"),
    (raw('data: {"choices": [{"delta": null}]}\n\n'), 502, "llm-unavailable"),
    (raw('data: {"choices": [{"delta": {"content": 5}}]}\n\n'), 502, "llm-unavailable"),
    (raw('data: {"error": "no"}\n\n'), 502, "llm-unavailable"),
    (raw('data: {"error": {"message": "no", "code": "x"}}\n\n'), 502, "llm-unavailable"),
    (raw("<html>not found</html>", "text/html"), 502, "llm-empty"),
    (raw(""), 502, "llm-empty"),
]


@pytest.mark.parametrize(("reply", "status", "kind"), FAULTS)
def test_every_fault_of_the_provider_is_told_apart(
    start: Serve, provider: OpenRouter, reply: Reply, status: int, kind: str
) -> None:
    provider.plan(reply)
    answer = start(generation_attempts="2").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert KEY not in answer.text
    assert len(provider.requests) <= 4  # bounded


def test_the_key_in_a_provider_s_message_is_masked(start: Serve, provider: OpenRouter) -> None:
    provider.plan(fails(401, f"Incorrect API key provided: {KEY}"))
    answer = start().post(PATH, json={"prompt": "x"})
    assert KEY not in answer.text
    assert "***" in answer.json()["detail"]


@pytest.mark.parametrize(("sent", "passed_on"), [("7", "7"), ("0.2", "1"), ("soon", None), ("-1", None), ("1e9", None)])
def test_retry_after_of_a_rate_limit_is_passed_on(
    start: Serve, provider: OpenRouter, sent: str, passed_on: str | None
) -> None:
    provider.plan(fails(429, "slow down", retry_after=sent))
    answer = start().post(PATH, json={"prompt": "x"})
    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == passed_on
    assert len(provider.requests) == 1  # the caller decides whether to wait


@pytest.mark.parametrize("fault", [fails(502, "no provider"), drops("flow"), fails_midway(500, "gone")])
def test_one_lost_answer_is_asked_for_again(start: Serve, provider: OpenRouter, fault: Reply) -> None:
    provider.plan(fault, says(GOOD))
    assert start().post(PATH, json={"prompt": "x"}).json()["code"] == GOOD


def test_an_empty_answer_is_asked_for_again(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(""), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"]) == (GOOD, 2)


def test_a_cut_off_answer_is_asked_for_again(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD, finish="length"), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["validated"], made["attempts"], made["warnings"]) == (True, 2, [])


def test_an_endless_answer_is_cut(start: Serve, provider: OpenRouter) -> None:
    provider.plan(openrouter.endless(), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"]) == (GOOD, 2)


def test_a_model_that_never_ends_thinking_is_bounded(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released))
    begun = time.perf_counter()
    answer = start(generation_timeout="0.5").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (504, "llm-timeout")
    assert time.perf_counter() - begun < 3
    released.set()


def test_a_repair_that_takes_too_long_gives_what_there_is(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(says(BAD), hangs(released))
    made = start(generation_timeout="1").post(PATH, json={"prompt": "x"}).json()
    released.set()
    assert (made["code"], made["validated"], made["attempts"]) == (BAD, False, 1)
    assert "before it could be repaired" in made["warnings"][-1]


def test_a_repair_that_fails_gives_what_there_is(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(BAD), fails(429, "slow down"))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"]) == (BAD, False)
    assert "rate-limited" in made["warnings"][-1]


def test_another_type_than_asked_for_is_a_warning(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    made = start().post(PATH, json={"prompt": "x", "diagram_type": "sequence"}).json()
    assert made["warnings"] == ["Asked for the type sequence, the model wrote flowchart."]


def test_nothing_listens_at_the_base_url(start: Serve) -> None:
    answer = start(openrouter_base_url="http://127.0.0.1:1/v1").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (502, "llm-unavailable")


def test_health_and_validation_stay_quick_while_models_think(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=says(GOOD)))
    client = start()
    client.post(PATH + "/validate", json={"code": "a"})
    with ThreadPoolExecutor(30) as pool:
        slow = [pool.submit(client.post, PATH, json={"prompt": "x"}) for _ in range(30)]
        while len(provider.requests) < 30:
            time.sleep(0.02)
        seconds = []
        for _ in range(10):
            begun = time.perf_counter()
            assert client.get("/health").status_code == 200
            assert client.post(PATH + "/validate", json={"code": "a"}).status_code == 200
            seconds.append(time.perf_counter() - begun)
        released.set()
        assert {future.result().status_code for future in slow} == {201}
    assert sorted(seconds)[5] < 1  # on a busy machine; the models would think for ever


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.prompt"),
        ({"prompt": ""}, "body.prompt"),
        ({"prompt": " \n"}, "body.prompt"),
        ({"prompt": "a\0b"}, "body.prompt"),
        ({"prompt": "x" * 10_001}, "body.prompt"),
        ({"prompt": "x", "diagram_type": "a b"}, "body.diagram_type"),
        ({"prompt": "x", "model": "a b"}, "body.model"),
        ({"prompt": "x", "attempts": 99}, "body.attempts"),
    ],
)
def test_bad_requests_say_where(start: Serve, provider: OpenRouter, body: object, where: str) -> None:
    answer = start().post(PATH, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == where
    assert not provider.requests


def test_half_a_surrogate_pair_is_refused(start: Serve) -> None:
    content = json.dumps({"prompt": "x\ud800"})
    answer = start().post(PATH, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422
