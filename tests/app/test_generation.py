"""POST /api/v1/diagrams against a fake OpenRouter, a real MCP server and a real PostgreSQL."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app import generation, judgement, services
from tests.app import openrouter
from tests.app.conftest import KEY
from tests.app.openrouter import OpenRouter, Reply, fails, hangs, says, says_at_once
from tests.app.servers import McpServer, wait_until

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"
GOOD = "flowchart LR\n  A --> B"
SEQUENCE = "sequenceDiagram\n  A->>B: hello"
CUT = "flowchart LR\n  A --"
BAD = "flowchart LR\n  A --> broken"


def test_writes_validates_and_stores(start: Serve, provider: OpenRouter) -> None:
    client = start(openrouter_model="vendor/model")
    provider.plan(says(GOOD))
    answer = client.post(PATH, json={"prompt": "An order is shipped", "diagram_type": "flowchart"})
    made = answer.json()
    assert answer.status_code == 201
    assert {key: made[key] for key in made if key not in {"id", "created_at"}} == {
        "title": "An order is shipped",
        "updated_at": made["created_at"],
        "deleted_at": None,
        "revision": 1,
        "prompt": "An order is shipped",
        "code": GOOD,
        "diagram_type": "flowchart-v2",
        "model": "vendor/model",
        "validated": True,
        "attempts": 1,
        "warnings": [],
    }
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert client.get(answer.headers["location"]).json() == made
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
    assert (answer.status_code, made["code"], made["validated"]) == (201, GOOD, None)
    assert made["warnings"] == [judgement.LATER]


def test_an_undecided_diagram_is_not_sent_back_to_the_model(start: Serve, provider: OpenRouter) -> None:
    huge = "flowchart LR\n  huge --> B"
    provider.plan(says(huge))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"], made["attempts"]) == (huge, None, 1)
    assert made["warnings"] == ["It was not validated: too large to decide in time."]


def test_talk_after_the_code_costs_no_second_answer(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(f"{GOOD}\nThis is what was broken before."), says("pie"))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"], made["attempts"], made["warnings"]) == (GOOD, True, 1, [])


def test_a_faulty_diagram_keeps_the_talk_that_is_not_its_fault(start: Serve, provider: OpenRouter) -> None:
    answer = f"{BAD}\nThis is all that there is."
    provider.plan(says(answer), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"]) == (GOOD, 2)
    assert provider.requests[1]["messages"][-2]["content"] == answer


def test_what_cannot_be_drawn_goes_back_to_the_model(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says("gantt\n  A: Q1, 3d"), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"], made["attempts"]) == (GOOD, True, 2)
    feedback = provider.requests[1]["messages"][-1]["content"]
    assert "cannot draw it" in feedback
    assert "line 2: `Q1` is no date." in feedback


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


def test_an_empty_answer_is_asked_for_again(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(""), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"]) == (GOOD, 2)


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "model_length"])
def test_a_cut_off_answer_is_asked_for_again(start: Serve, provider: OpenRouter, finish: str) -> None:
    provider.plan(says(GOOD, finish=finish), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["validated"], made["attempts"], made["warnings"]) == (True, 2, [])


def test_an_answer_that_the_validator_does_not_take_is_asked_for_again(start: Serve, provider: OpenRouter) -> None:
    long = "flowchart LR\n" + "  A --> B\n" * 5_100
    provider.plan(says_at_once(long), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"], made["warnings"]) == (GOOD, 2, [])
    provider.plan(says_at_once(long))
    made = start(generation_attempts="1").post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"]) == (long.strip(), False)
    assert made["warnings"] == ["It has more than the 50000 characters that the validator takes."]


def test_an_endless_answer_is_cut(start: Serve, provider: OpenRouter) -> None:
    provider.plan(openrouter.endless(), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"]) == (GOOD, 2)


def test_a_repair_that_takes_too_long_gives_what_there_is(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(says(BAD), hangs(released))
    made = start(generation_timeout="1").post(PATH, json={"prompt": "x"}).json()
    released.set()
    assert (made["code"], made["validated"], made["attempts"]) == (BAD, False, 1)
    assert made["warnings"][-1] == "It could not be repaired: timeout: the time of 1 s was over."


def test_a_repair_that_fails_gives_what_there_is(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(BAD), fails(429, "slow down"))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"]) == (BAD, False)
    assert "rate-limited" in made["warnings"][-1]


def test_another_type_than_asked_for_goes_back_to_the_model(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD), says(SEQUENCE))
    made = start().post(PATH, json={"prompt": "x", "diagram_type": "sequenceDiagram"}).json()
    assert (made["code"], made["attempts"], made["warnings"]) == (SEQUENCE, 2, [])
    feedback = provider.requests[1]["messages"][-1]["content"]
    assert "of the type flowchart-v2" in feedback
    assert "of the type sequenceDiagram" in feedback


def test_another_type_after_all_attempts_is_a_warning(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    made = start(generation_attempts="2").post(PATH, json={"prompt": "x", "diagram_type": "sequence"}).json()
    assert (made["validated"], made["attempts"]) == (True, 2)
    assert made["warnings"] == ["Asked for the type sequence, the model wrote flowchart-v2."]


@pytest.mark.parametrize(
    ("replies", "wanted", "code", "warning"),
    [
        ([says(BAD), says(CUT, finish="length")], None, BAD, "Not valid: line 2"),
        ([says(BAD), says("")], None, BAD, "It could not be repaired: empty"),
        ([says(BAD), says("Sorry, no.")], None, BAD, "Not valid: line 2"),
        ([says(BAD), says(BAD + "\n  C --> D")], None, BAD + "\n  C --> D", "Not valid: line 2"),
        ([says(CUT, finish="length"), says(BAD)], None, BAD, "Not valid: line 2"),
        ([says(GOOD), says(BAD)], "sequence", GOOD, "Asked for the type sequence"),
        ([says(CUT, finish="length"), fails(429)], None, CUT, "It could not be repaired: rate-limited"),
    ],
)
def test_the_best_of_all_answers_is_returned(
    start: Serve, provider: OpenRouter, replies: list[Reply], wanted: str | None, code: str, warning: str
) -> None:
    provider.plan(*replies)
    body = {"prompt": "x", "diagram_type": wanted} if wanted else {"prompt": "x"}
    made = start(generation_attempts="2").post(PATH, json=body).json()
    assert made["code"] == code
    assert made["warnings"][-1].startswith(warning)
    assert made["attempts"] == (1 if "rate" in warning else 2)  # answers used, not the one that was best


def test_an_apology_is_no_diagram(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says("Sorry, I can't help with that."))
    answer = start(generation_attempts="2").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (502, "llm-no-diagram")
    assert answer.json()["detail"].startswith("The model answered: Sorry, I can't help with that.")


def test_an_apology_is_repaired(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says("Sorry, I can't help with that."), says(GOOD))
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["attempts"], made["warnings"]) == (GOOD, 2, [])


@pytest.mark.parametrize(("refusals", "validated"), [(1, True), (2, None)])
def test_a_busy_validator_is_asked_once_more(
    start: Serve, provider: OpenRouter, mcp: McpServer, refusals: int, validated: bool | None
) -> None:
    provider.plan(says(GOOD))
    mcp.busy = refusals
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["validated"], made["attempts"], len(mcp.calls)) == (validated, 1, 2)


def test_what_was_written_is_not_lost_when_the_time_is_over_meanwhile(
    start: Serve, provider: OpenRouter, mcp: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "BUSY_PAUSE", 10)
    provider.plan(says(GOOD))
    mcp.busy = 1
    made = start(generation_timeout="1").post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"]) == (GOOD, None)
    assert made["warnings"] == ["It could not be validated: timeout: the time of 1 s was over."]


def test_text_that_postgresql_refuses_is_stored_all_the_same(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(BAD), fails(429, "slow\0 down \ud83d"))
    answer = start().post(PATH, json={"prompt": "x"})
    assert answer.status_code == 201
    stored = start().get(answer.headers["location"]).json()
    assert stored["warnings"][-1] == "It could not be repaired: rate-limited: slow down \ufffd."


@pytest.mark.parametrize("limit", ["CONCURRENT", "EACH"])
def test_there_is_a_limit_to_how_many_are_written_at_once(
    start: Serve, provider: OpenRouter, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(generation, limit, 1)
    released = threading.Event()
    provider.plan(hangs(released, then=says(GOOD)))
    client = start()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, PATH, json={"prompt": "x"})
        wait_until(lambda: provider.requests)
        answer = client.post(PATH, json={"prompt": "x"})
        assert (answer.status_code, answer.json()["type"]) == (503, "llm-busy")
        assert answer.headers["retry-after"]
        released.set()
        assert first.result().status_code == 201
    assert client.post(PATH, json={"prompt": "x"}).status_code == 201


def test_a_caller_that_leaves_stops_the_model(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released))
    client = start()
    body = json.dumps({"prompt": "x"}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        wait_until(lambda: provider.requests)
    wait_until(lambda: provider.abandoned, 5)
    released.set()


def test_a_client_that_could_not_be_made_is_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ImportError("no such module")

    monkeypatch.setattr(services, "_make_generator", broken)
    client = serve(openrouter_api_key=KEY)
    answer = client.post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (503, "llm-not-ready")
    assert client.get("/health/live").status_code == 200


def test_the_mcp_server_is_told_the_request_s_id(start: Serve, provider: OpenRouter, mcp: McpServer) -> None:
    provider.plan(says(GOOD))
    start().post(PATH, json={"prompt": "x"}, headers={"x-request-id": "id-42"})
    assert "id-42" in mcp.request_ids


def test_health_and_validation_answer_while_models_think(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=says(GOOD)))
    client = start()
    with ThreadPoolExecutor(25) as pool:
        slow = [pool.submit(client.post, PATH, json={"prompt": "x"}) for _ in range(25)]
        try:
            wait_until(lambda: len(provider.requests) == 25)
            for _ in range(5):
                assert client.get("/health").status_code == 200
                assert client.post(f"{PATH}/validate", json={"code": "a"}).status_code == 200
            assert not any(future.done() for future in slow)
        finally:
            released.set()
        assert {future.result().status_code for future in slow} == {201}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.prompt"),
        ({"prompt": ""}, "body.prompt"),
        ({"prompt": " \n"}, "body.prompt"),
        ({"prompt": "a\0b"}, "body.prompt"),
        ({"prompt": "x" * 10_001}, "body.prompt"),
        ({"prompt": "x", "diagram_type": "a b"}, "body.diagram_type"),
        ({"prompt": "x", "diagram_type": "novel"}, "body.diagram_type"),
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
