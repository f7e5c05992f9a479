"""Traces: what a collector gets, parsed as OTLP's protobuf; and that nothing is done where none is asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.app.conftest import KEY
from tests.app.openrouter import OpenRouter, fails, says
from tests.app.servers import AsgiServer, McpServer, Postgres, wait_until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
DIAGRAM = "flowchart LR\n  secretive --> B"


class Collector(AsgiServer):
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.bodies = b""
        self.headers: list[dict[bytes, bytes]] = []
        super().__init__(self._take)

    async def _take(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message.get("more_body"):
                break
        assert scope["path"] == "/v1/traces"
        self.bodies += body
        self.headers.append(dict(scope["headers"]))
        self.requests.append(ExportTraceServiceRequest.FromString(body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def span(self, name: str) -> Span:
        wait_until(lambda: any(span.name == name for span in self.spans))
        return next(span for span in self.spans if span.name == name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    with made:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=a%20b")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield made


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_a_request_and_what_it_asked_of_others_is_one_trace(
    serve: Callable[..., httpx.Client],
    collector: Collector,
    mcp: McpServer,
    provider: OpenRouter,
    postgres_server: Postgres,
) -> None:
    client = serve(
        openrouter_api_key=KEY,
        openrouter_base_url=provider.url + "/api/v1",
        openrouter_model="vendor/one",
        mcp_url=mcp.url + "/mcp",
        **{key.lower(): text for key, text in postgres_server.environment.items()},
    )
    provider.plan(says(DIAGRAM))
    body = {"prompt": "a secretive prompt"}
    answer = client.post("/api/v1/diagrams", json=body, headers={"traceparent": PARENT, "x-request-id": "id-9"})
    assert answer.status_code == 201
    server = collector.span("POST /api/v1/diagrams")
    assert (server.trace_id.hex(), server.parent_span_id.hex()) == (PARENT[3:35], PARENT[36:52])
    assert server.kind == Span.SPAN_KIND_SERVER
    assert attributes(server) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/diagrams",
        "http.response.status_code": 201,
        "request_id": "id-9",
    }
    model, tool = collector.span("chat vendor/one"), collector.span("tools/call validate_mermaid")
    database = collector.span("transaction")
    for span in (model, tool, database):
        assert (span.trace_id, span.kind) == (server.trace_id, Span.SPAN_KIND_CLIENT)
        assert server.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    assert attributes(model)["gen_ai.request.model"] == "vendor/one"
    resource = attributes(collector.requests[0].resource_spans[0].resource)
    assert resource["service.name"] == "ba-copilot-ai"
    assert collector.headers[0][b"x-api-key"] == b"a b"
    assert not any(word in collector.bodies for word in (b"secretive", KEY.encode()))


def test_what_fails_is_told_without_its_words(
    serve: Callable[..., httpx.Client], collector: Collector, mcp: McpServer, provider: OpenRouter
) -> None:
    client = serve(openrouter_api_key=KEY, openrouter_base_url=provider.url + "/api/v1", mcp_url=mcp.url + "/mcp")
    provider.plan(fails(401, "secretive words"))
    assert client.post("/api/v1/diagrams", json={"prompt": "x"}).status_code == 503
    server = collector.span("POST /api/v1/diagrams")
    assert server.status.code == 2
    model = next(span for span in collector.spans if span.name.startswith("chat"))
    assert (model.status.code, attributes(model)["error.type"]) == (2, "WriterError")
    client.get("/health")
    client.get("/nowhere")
    collector.span("GET none")
    assert not any("health" in span.name for span in collector.spans)
    assert b"secretive" not in collector.bodies


def test_a_collector_that_is_away_holds_up_nothing(
    serve: Callable[..., httpx.Client], collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    client = serve()
    collector.stop()
    for _ in range(3):
        assert client.get("/api/v1/diagram-types").status_code == 200
    wait_until(lambda: any("traces are lost" in record.message for record in caplog.records))


def test_nothing_is_imported_where_no_traces_are_asked_for() -> None:
    code = "import sys; from app import middleware, telemetry; telemetry.open_provider(); "
    code += "sys.exit('opentelemetry.sdk' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
