"""Every way in which a provider fails is handled, bounded and told apart; over HTTP through the API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from app import errors, writer
from app.budget import Budget
from app.settings import Settings
from tests.app.conftest import KEY
from tests.app.openrouter import (
    OpenRouter,
    Reply,
    breaks_off,
    chunk,
    drops,
    fails,
    fails_midway,
    floods,
    hangs,
    moves,
    packed,
    raw,
    says,
    says_at_once,
)

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"
GOOD = "flowchart LR\n  A --> B"


FAULTS: list[tuple[Reply, int, str]] = [
    (fails(401, "No auth credentials found"), 503, "llm-key-rejected"),
    (fails(402, "Insufficient credits"), 503, "llm-no-credits"),
    (fails(403, "flagged", metadata={"reasons": ["violence"], "flagged_input": "x"}), 422, "llm-refused"),
    (fails(404, "No endpoints found"), 422, "llm-model-unknown"),
    (fails(400, "nope is not a valid model ID"), 422, "llm-model-unknown"),
    (fails(400, "The model `gpt-9` does not exist or you do not have access to it."), 422, "llm-model-unknown"),
    (fails(400, "bad temperature"), 502, "llm-rejected"),
    (fails(400, "This model's maximum context length is 8192 tokens."), 502, "llm-rejected"),
    (fails(422, "The model does not support tools"), 502, "llm-rejected"),
    (fails(500, "half \ud83d of a pair, and \0"), 502, "llm-unavailable"),
    (says("", refusal="No \ud83d."), 422, "llm-refused"),
    (fails(408, "timeout"), 504, "llm-timeout"),
    (fails(429, "slow down"), 429, "llm-rate-limited"),
    (fails(500, "oops"), 502, "llm-unavailable"),
    (fails(503, "no provider"), 502, "llm-unavailable"),
    (fails_midway(502, "Provider disconnected"), 502, "llm-unavailable"),
    (fails_midway("server_error", "Provider disconnected"), 502, "llm-unavailable"),
    (fails_midway(429, "Rate limited"), 429, "llm-rate-limited"),
    (drops("flow"), 502, "llm-unavailable"),
    (breaks_off(GOOD), 502, "llm-unavailable"),
    (breaks_off("flowchart LR\n", "error"), 502, "llm-unavailable"),
    (breaks_off("flowchart LR\n", "abort"), 502, "llm-unavailable"),
    (breaks_off("flowchart LR\n", "insufficient_system_resource"), 502, "llm-unavailable"),
    (says_at_once("flowchart LR", "error"), 502, "llm-unavailable"),
    (packed(GOOD, "br"), 502, "llm-unavailable"),
    (moves("http://127.0.0.1:1/"), 502, "llm-unavailable"),
    (says("<think>it is a long way</think>"), 502, "llm-empty"),
    (says("", refusal="I can't help with that."), 422, "llm-refused"),
    (says("A", finish="content_filter"), 422, "llm-refused"),
    (says("A", finish="SAFETY"), 422, "llm-refused"),
    (says(""), 502, "llm-empty"),
    (says("```mermaid\n```"), 502, "llm-empty"),
    (says_at_once(""), 502, "llm-empty"),
    (says_at_once("A", finish="content_filter"), 422, "llm-refused"),
    (says_at_once("", refusal="I can't help with that."), 422, "llm-refused"),
    (raw('{"error": {"code": 429, "message": "slow down"}}', "application/json"), 429, "llm-rate-limited"),
    (raw('{"choices": [{"message": {"content": 5}}]}', "application/json"), 502, "llm-unavailable"),
    (raw("[]", "application/json"), 502, "llm-unavailable"),
    (raw("{", "application/json"), 502, "llm-unavailable"),
    (raw("[" * 100_000, "application/json"), 502, "llm-unavailable"),
    (raw("data: " + "[" * 100_000 + "\n\n"), 502, "llm-unavailable"),
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


@pytest.mark.parametrize(
    "fault", [fails(502, "no provider"), drops("flow"), fails_midway(500, "gone"), breaks_off(GOOD)]
)
def test_one_lost_answer_is_asked_for_again(start: Serve, provider: OpenRouter, fault: Reply) -> None:
    provider.plan(fault, says(GOOD))
    assert start().post(PATH, json={"prompt": "x"}).json()["code"] == GOOD


def test_a_model_that_never_ends_thinking_is_bounded(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released))
    begun = time.perf_counter()
    answer = start(generation_timeout="0.5").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (504, "llm-timeout")
    assert time.perf_counter() - begun < 30
    released.set()


def test_nothing_listens_at_the_base_url(start: Serve) -> None:
    answer = start(openrouter_base_url="http://127.0.0.1:1/v1").post(PATH, json={"prompt": "x"})
    assert (answer.status_code, answer.json()["type"]) == (502, "llm-unavailable")


def test_retry_after_may_be_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 85 <= (errors.retry_after(soon) or 0) <= 90
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=90), usegmt=True)
    for nonsense in (past, "Wed, 99 Nov 2026 25:00:00 GMT", "nan", "inf", "", None):
        assert errors.retry_after(nonsense) is None


def test_after_a_rate_limit_the_next_request_works(start: Serve, provider: OpenRouter) -> None:
    provider.plan(fails(429, "slow down", retry_after="1"), says(GOOD))
    client = start()
    assert [client.post(PATH, json={"prompt": "x"}).status_code for _ in range(2)] == [429, 201]


PARTS = [
    {"type": "reasoning", "text": "It is a long way."},
    {"type": "thinking", "thinking": [{"type": "text", "text": "It is a long way."}]},
    *({"type": "text", "text": GOOD[:9]}, {"type": "image"}, {"type": "text", "text": GOOD[9:]}),
]


@pytest.mark.parametrize(
    "reply",
    [
        says_at_once(GOOD),
        says_at_once(f"```mermaid\n{GOOD}\n```"),
        says_at_once(PARTS),
        raw(chunk({"content": PARTS[:3]}) + chunk({"content": PARTS[3:]}, "stop")),
        packed(GOOD),
        packed(GOOD, "x-gzip"),
    ],
    ids=["at once", "fenced", "in parts", "streamed in parts", "compressed", "compressed, by its old name"],
)
def test_an_endpoint_may_answer_in_other_forms(start: Serve, provider: OpenRouter, reply: Reply) -> None:
    provider.plan(reply)
    made = start().post(PATH, json={"prompt": "x"}).json()
    assert (made["code"], made["validated"]) == (GOOD, True)


def test_an_escape_split_over_two_chunks_is_one_character(start: Serve, provider: OpenRouter) -> None:
    halves = [chunk({"content": "flowchart LR\n  A[\ud83d"}), chunk({"content": "\ude00] --> B"}, "stop")]
    provider.plan(raw("".join(halves) + "data: [DONE]\n\n"))
    assert start().post(PATH, json={"prompt": "x"}).json()["code"] == "flowchart LR\n  A[\U0001f600] --> B"


@pytest.mark.parametrize("begins", [True, False], ids=["in the middle", "before the headers"])
def test_a_provider_that_falls_silent_has_the_time_of_a_generation(
    start: Serve, provider: OpenRouter, begins: bool
) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=None if begins else says(GOOD), comments=False))
    begun = time.perf_counter()
    answer = start(generation_timeout="0.7").post(PATH, json={"prompt": "x"})
    took = time.perf_counter() - begun
    released.set()
    assert (answer.status_code, answer.json()["type"]) == (504, "llm-timeout")
    assert 0.7 <= took < 30


def test_a_model_may_think_for_as_long_as_a_generation_may_take() -> None:
    settings = Settings(openrouter_api_key=KEY, generation_timeout=600, api_allow_anonymous=True)
    client = writer.Writer(settings, Budget(settings, None))._client
    assert client.timeout.read == 600


@pytest.mark.parametrize(
    "reply",
    [
        floods("x" * 65536),
        floods("x" * 65536, status=500),
        floods(chunk({"refusal": "no" * 30_000})),
        packed("A --> B\n" * 4_000_000),
    ],
    ids=["a line", "an error", "a refusal", "compressed"],
)
def test_an_answer_without_end_is_bounded(
    start: Serve, provider: OpenRouter, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(writer, "RESPONSE_LIMIT", 1_000_000)
    provider.plan(reply)
    answer = start().post(PATH, json={"prompt": "x"})
    assert answer.json()["type"] in {"llm-unavailable", "llm-refused"}
    assert len(answer.text) < 1000
