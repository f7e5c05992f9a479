"""/metrics: what is counted, summed over the workers that live and those that were replaced; and at which port."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from app import exposition
from tests.app.openrouter import OpenRouter, chunk, fails, hangs, raw, says, says_at_once
from tests.app.servers import AsgiServer, McpServer, free_port, uvicorn_process, wait_until

Start = Callable[..., httpx.Client]
DIAGRAM = "flowchart LR\n  A --> B"
WRITE = "/api/v1/diagrams"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@contextlib.contextmanager
def counted(name: str, by: float, **labels: str) -> Iterator[None]:
    before = value(name, **labels)
    yield
    with contextlib.suppress(TimeoutError):  # counted when all is done, which may be after its answer was read
        wait_until(lambda: value(name, **labels) - before >= by, 10)
    assert value(name, **labels) - before == by, (name, labels)


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url + "/health/live").status_code == 200
    return False


def test_requests_are_counted_by_their_route_and_not_by_their_path(start: Start) -> None:
    client = start()
    one = "/api/v1/diagrams/{id}"
    with (
        counted("http_requests_total", 3, route=one, method="GET", status="404"),
        counted("http_request_duration_seconds_count", 3, route=one, method="GET"),
        counted("http_requests_total", 2, route="none", method="GET", status="404"),
        counted("http_requests_total", 1, route="/health/live", method="HEAD", status="200"),
        counted("http_requests_total", 1, route="/health/live", method="other", status="405"),
    ):
        for number in range(3):
            client.get(f"/api/v1/diagrams/01a20ac0-9469-754c-8c35-0bbbd71ab69{number}")
        client.get("/nowhere/1")
        client.get("/nowhere/2")
        client.head("/health/live/")
        client.request("BREW", "/health/live")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (DIAGRAM, "valid"),
        ("flowchart LR\n  A --> broken", "invalid"),
        ("gantt\n  A: Q1", "undrawable"),
        ("huge", "undecided"),
        ("busy", "refused"),
    ],
)
def test_validations_are_counted_by_verdict(start: Start, code: str, verdict: str) -> None:
    client = start()
    with counted("diagram_validations_total", 1, verdict=verdict):
        client.post("/api/v1/diagrams/validate", json={"code": code})


def test_model_calls_and_tokens_are_counted(start: Start, provider: OpenRouter) -> None:
    client = start(openrouter_model="vendor/one", llm_models="vendor/two")
    told = chunk({}, usage={"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}, choices=[])
    provider.plan(raw(chunk({"content": DIAGRAM}) + chunk({"content": ""}, "stop") + told + "data: [DONE]\n\n"))
    with (
        counted("model_calls_total", 1, model="vendor/two", outcome="answered"),
        counted("model_tokens_total", 11, model="vendor/two", kind="prompt"),
        counted("model_tokens_total", 7, model="vendor/two", kind="completion"),
    ):
        assert client.post(WRITE, json={"prompt": "x", "model": "vendor/two"}).status_code == 201
    assert provider.requests[0]["stream_options"] == {"include_usage": True}
    provider.plan(says_at_once(DIAGRAM))
    with counted("model_tokens_total", 1, model="vendor/one", kind="completion"):
        assert client.post(WRITE, json={"prompt": "x"}).status_code == 201
    provider.plan(fails(429))
    with counted("model_calls_total", 1, model="vendor/one", outcome="rate-limited"):
        client.post(WRITE, json={"prompt": "x"})


def test_a_model_of_the_caller_s_choice_is_no_label(start: Start, provider: OpenRouter) -> None:
    client = start(openrouter_model="vendor/one")
    provider.plan(says(DIAGRAM))
    with counted("model_calls_total", 1, model="other", outcome="answered"):
        client.post(WRITE, json={"prompt": "x", "model": "somebody/else"})


def test_an_endpoint_that_knows_no_stream_options_is_asked_for_them_once(start: Start, provider: OpenRouter) -> None:
    client = start(openrouter_model="vendor/old")
    provider.plan(fails(400, "Unrecognized request argument supplied: stream_options"), says(DIAGRAM))
    for _ in range(2):
        assert client.post(WRITE, json={"prompt": "x"}).status_code == 201
    assert ["stream_options" in request for request in provider.requests] == [True, False, False]


def test_two_calls_whose_stream_options_are_refused_at_once_are_both_made_again(
    start: Start, provider: OpenRouter
) -> None:
    client = start(openrouter_model="vendor/older")
    released = threading.Event()
    refused = fails(400, "Unrecognized request argument supplied: stream_options")
    provider.plan(hangs(released, then=refused), hangs(released, then=refused), says(DIAGRAM))
    with ThreadPoolExecutor(2) as callers:
        asked = [callers.submit(client.post, WRITE, json={"prompt": "x"}) for _ in range(2)]
        wait_until(lambda: len(provider.requests) == 2)
        released.set()
        assert [answer.result().status_code for answer in asked] == [201, 201]


def test_the_budget_is_shown(start: Start, provider: OpenRouter) -> None:
    client = start(llm_daily_requests="1000", openrouter_model="vendor/budget")
    provider.plan(says(DIAGRAM))
    client.post(WRITE, json={"prompt": "x"})
    wait_until(lambda: client.get("/health") and value("model_calls_limit") == 1000 and value("model_calls_today") >= 1)


@pytest.mark.nightly
@pytest.mark.slow
def test_numbers_are_summed_over_workers_and_outlive_them(mcp: McpServer) -> None:
    port = free_port()
    environment = {"METRICS_ADDRESS": f"127.0.0.1:{port}", "MCP_URL": mcp.url + "/mcp", "HTTP_PROXY": "http://[::1]:9"}

    def metrics() -> dict[tuple[str, frozenset[str]], float]:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, frozenset(sample.labels.values())): sample.value for sample in samples}

    types = ("http_requests_total", frozenset({"/api/v1/diagram-types", "GET", "200"}))
    killed = ("worker_restarts_total", frozenset({"signal"}))
    with uvicorn_process("--workers=2", environment=environment) as (process, url):
        wait_until(lambda: answers(url))
        for _ in range(40):
            httpx.get(url + "/api/v1/diagram-types")
        wait_until(lambda: metrics()[types] == 40)
        assert metrics()[killed] == 0
        workers = [each for each in psutil.Process(process.pid).children() if "spawn_main" in " ".join(each.cmdline())]
        for each in workers:
            each.kill()
        wait_until(lambda: metrics()[killed] == 2)
        wait_until(lambda: answers(url))
        httpx.get(url + "/api/v1/diagram-types")
        wait_until(lambda: metrics()[types] == 41)
        assert httpx.get(url + "/metrics").status_code == 404  # not at the port that is published


def test_a_port_that_is_taken_is_told_and_the_service_runs(mcp: McpServer) -> None:
    with uvicorn_process(environment={"METRICS_ADDRESS": mcp.url.removeprefix("http://")}) as (process, url):
        wait_until(lambda: answers(url))
        process.terminate()
        output = process.communicate(timeout=60)[0]
    assert "no metrics are served at METRICS_ADDRESS=127.0.0.1" in output


def test_parsers_that_the_mcp_server_lost_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def health(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            found = scope["path"] == "/health"
            body = b'{"status": "healthy", "pool": {"lost": {"timeout": 3, "memory": 1, "crash": 0}}}'
            await send({"type": "http.response.start", "status": 200 if found else 404, "headers": []})
            await send({"type": "http.response.body", "body": body})

    registry = CollectorRegistry()
    registry.register(exposition.Around())
    with AsgiServer(health) as server:
        monkeypatch.setenv("MCP_URL", server.url + "/mcp")
        assert registry.get_sample_value("mermaid_parsers_lost_total", {"reason": "timeout"}) == 3
    assert registry.get_sample_value("mermaid_parsers_lost_total", {"reason": "timeout"}) is None
