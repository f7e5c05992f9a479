"""The application against its own OpenAPI document: whatever is sent, no 500, and only what the document promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.app.openrouter import OpenRouter, says
from tests.app.servers import McpServer, Postgres

Serve = Callable[..., httpx.Client]
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def client(serve: Serve, mcp: McpServer, provider: OpenRouter, postgres_server: Postgres) -> httpx.Client:
    provider.plan(says("flowchart LR\n  A --> B"))
    return serve(
        openrouter_api_key="sk-or-1",
        openrouter_base_url=provider.url + "/api/v1",
        mcp_url=mcp.url + "/mcp",
        **postgres_server.environment,
    )


def test_no_500_and_nothing_undocumented(client: httpx.Client) -> None:
    api = schemathesis.openapi.from_url(str(client.base_url.join("/openapi.json")))
    operations = [result.ok() for result in api.get_all_operations()]
    assert len(operations) == 8
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def fuzz(case: Any) -> None:
            answer = case.call()
            assert answer.status_code < 500
            case.validate_response(answer, checks=CHECKS)

        fuzz()


def test_every_error_is_documented_as_a_problem(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    seen = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and path != "/health":
                    assert list(response["content"]) == ["application/problem+json"], (path, status)
                    seen += 1
    assert seen > 10


def test_bodies_have_examples_that_work(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                assert client.request(method, path, json=example["value"]).status_code in {200, 201}
                tried += 1
    assert tried >= 4
