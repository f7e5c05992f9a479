"""The application against its own OpenAPI document: whatever is sent, no 500, and only what the document promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import access, health, main
from app.diagram import Diagram, Page, Revisions, Written
from app.problems import Problem
from app.validation import Types
from app.validator import Verdict
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


@pytest.mark.nightly(day=1)
@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_500_and_nothing_undocumented(client: httpx.Client, mode: GenerationMode) -> None:
    api = schemathesis.openapi.from_url(str(client.base_url.join("/openapi.json")))
    operations = [result.ok() for result in api.get_all_operations()]
    assert len(operations) == 14
    refused = 0
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
            continue  # there is nothing that could be wrong

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def fuzz(case: Any) -> None:
            nonlocal refused
            answer = case.call()
            assert answer.status_code < 500
            refused += answer.status_code >= 400
            case.validate_response(answer, checks=CHECKS)

        fuzz()
    if mode is GenerationMode.NEGATIVE:
        assert refused > 50  # malformed it was


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


def test_the_document_makes_good_client_code(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert {operation["operationId"] for operation in operations} == {
        "createDiagram",
        "createRevision",
        "deleteDiagram",
        "getDiagram",
        "getHealth",
        "getLiveness",
        "getService",
        "getSession",
        "listDiagramTypes",
        "listDiagrams",
        "listRevisions",
        "renameDiagram",
        "restoreDiagram",
        "validateDiagram",
    }
    assert "Problem" in document["components"]["schemas"]
    assert "enum" in document["components"]["schemas"]["Problem"]["properties"]["type"]
    assert "sequence" in str(document["components"]["schemas"]["Verdict"]["properties"]["diagram_type"])
    for operation in operations:
        for status, response in operation["responses"].items():
            problem = response.get("content", {}).get("application/problem+json")
            assert problem is None or problem["schema"] == {"$ref": "#/components/schemas/Problem"}, status


def test_the_headers_of_answers_are_described(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    create = paths["/api/v1/diagrams"]["post"]["responses"]
    told = {status: list(answer["headers"]) for status, answer in create.items() if "headers" in answer}
    assert told == {
        "201": ["Location"],
        "401": ["WWW-Authenticate"],
        "429": ["Retry-After"],
        "503": ["Retry-After"],
    }
    made = client.post("/api/v1/diagrams", json={"code": "flowchart LR"})
    assert client.get(made.headers["location"]).json()["id"] == made.json()["id"]


@pytest.mark.parametrize("keys", [{}, {"api_keys": "full:Yd8kQ2vXw5Zr7TnB3mPq9Ls4"}])
def test_an_operation_needs_a_key_but_where_everybody_is_answered(serve: Serve, keys: dict[str, str]) -> None:
    application = serve(**keys)
    headers = {"Authorization": f"Bearer {keys['api_keys'].partition(':')[2]}"} if keys else {}
    document = application.get("/openapi.json", headers=headers).json()
    needed = {
        operation["operationId"]: [scope for need in operation["security"] for scope in need["apiKey"]]
        for path in document["paths"].values()
        for operation in path.values()
    }
    assert {name for name, scopes in needed.items() if not scopes} == {
        "getHealth",
        "getLiveness",
        "getService",
        "getSession",
    }
    assert needed["validateDiagram"] == needed["listDiagrams"] == ["read"]
    assert needed["createDiagram"] == needed["deleteDiagram"] == ["write"]


def test_bodies_have_examples_that_work(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                id_ = client.post("/api/v1/diagrams", json={"code": "flowchart LR"}).json()["id"]
                answer = client.request(method, path.format(id=id_), json=example["value"])
                assert answer.status_code in {200, 201}, answer.text
                tried += 1
    assert tried >= 9


def test_every_answer_has_an_example_of_its_own_form(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    models = {
        "Diagram": Diagram,
        "Page": Page,
        "Report": health.Report,
        "Revisions": Revisions,
        "Root": main.Root,
        "Session": access.Session,
        "Types": Types,
        "Verdict": Verdict,
        "Written": Written,
    }
    seen = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                for kind, content in response.get("content", {}).items():
                    if path == "/health/live":
                        continue  # it says one word
                    if kind == "application/problem+json":
                        problem = Problem.model_validate(content["example"])
                        assert problem.status == int(status)
                    elif kind == "text/event-stream":
                        assert content["example"].startswith("event: attempt\ndata: {")
                    else:
                        name = content["schema"]["$ref"].rpartition("/")[2]
                        shown = document["components"]["schemas"][name]["examples"]
                        assert shown, (path, method, status)
                        for example in shown:
                            models[name].model_validate(example)
                    seen += 1
    assert seen > 20
