"""What is wrong with a request is told in plain sentences: the field, its bound, and what was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic_core._pydantic_core import list_all_errors

from app import mistakes
from tests.app.servers import McpServer, uvicorn_process

Serve = Callable[..., httpx.Client]
ID = "01a20ac0-9469-754c-8c35-0bbbd71ab697"
VALIDATE = "/api/v1/diagrams/validate"
CREATE = "/api/v1/diagrams"
CHANGE = f"/api/v1/diagrams/{ID}/revisions"

# pydantic's words, of which a caller is to see none.
RAW = ("Input should", "should have", "should match", "Field required", "Extra inputs", "Value error", "JSON decode")

BODIES: list[tuple[str, Any, str]] = [
    (VALIDATE, {}, "`code` is missing."),
    (VALIDATE, {"code": ""}, "`code` must not be empty."),
    (VALIDATE, {"code": None}, "`code` must be a text; null was sent."),
    (VALIDATE, {"code": 5}, "`code` must be a text; 5 was sent."),
    (VALIDATE, {"code": ["a"]}, "`code` must be a text; a list was sent."),
    (VALIDATE, {"code": {}}, "`code` must be a text; an object was sent."),
    (
        VALIDATE,
        {"code": "x" * 50_001},
        "`code` may have at most 50,000 characters; a text of 50,001 characters was sent.",
    ),
    (VALIDATE, {"code": "a\0"}, "`code` must not hold the character NUL (U+0000)."),
    (VALIDATE, [], 'The body must be a JSON object, such as {"code": "flowchart LR"}; a list was sent.'),
    (VALIDATE, {"code": "a", "tpye": 1}, "`tpye` is no field of this request"),
    (VALIDATE, {"code": "a", "x\n\x1b" * 40: 1}, "`x��x��"),
    (VALIDATE, {"code": "\U0001f600" * 25_001}, "50,002 were sent."),
    (CREATE, {"prompt": ""}, "`prompt` must not be empty."),
    (CREATE, {"prompt": " \n"}, "`prompt` must hold something that can be seen"),
    (CREATE, {"prompt": "\x01\u200b"}, "`prompt` must hold something that can be seen."),
    (CREATE, {"prompt": "x" * 10_001}, "`prompt` may have at most 10,000 characters; a text of 10,001 characters"),
    (CREATE, {"prompt": "a", "model": "-x y"}, "`model` must be the name of a model"),
    (CREATE, {"prompt": "a", "diagram_type": "foo"}, "`diagram_type` must be a type of diagram that Mermaid knows"),
    (CREATE, {"prompt": "a", "title": "x" * 121}, "`title` may have at most 120 characters"),
    (CREATE, {"prompt": "a", "title": "\u202e"}, "`title` must hold something that can be seen."),
    (CREATE, {"prompt": "a", "code": "b"}, "`prompt` is no field of this request, or cannot be sent together with"),
    (CHANGE, {"revision": 0}, "`revision` must be 1 or more; 0 was sent."),
    (CHANGE, {"revision": 2**31}, "`revision` must be 2147483647 or less; 2147483648 was sent."),
    (CHANGE, {"revision": 10**300}, "; a larger one was sent."),
    (CHANGE, {"revision": 1.5}, "`revision` must be a whole number; 1.5 was sent."),
    (CHANGE, {"revision": True}, "`revision` must be a whole number; true was sent."),
    (CHANGE, {"revision": "1"}, '`revision` must be a whole number; "1" was sent.'),
    (CHANGE, {"change": "a", "base": -1}, "`base` must be 1 or more; -1 was sent."),
]


@pytest.fixture
def client(serve_once: Serve, mcp: McpServer) -> httpx.Client:
    return serve_once(mcp_url=mcp.url + "/mcp", postgres_host="127.0.0.1", postgres_port="1")


def detail(answer: httpx.Response) -> str:
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "invalid-request")
    assert not any(words in answer.text for words in RAW)
    assert problem["detail"] == " ".join(error["message"] for error in problem["errors"])
    return str(problem["detail"])


@pytest.mark.parametrize(("path", "body", "told"), BODIES)
def test_a_body(client: httpx.Client, path: str, body: object, told: str) -> None:
    answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert told in detail(answer)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{CREATE}?limit=0", '`limit` must be 1 or more; "0" was sent.'),
        (f"{CREATE}?limit=101", '`limit` must be 100 or less; "101" was sent.'),
        (f"{CREATE}?limit=many", '`limit` must be a whole number; "many" was sent.'),
        (f"{CREATE}?limit=" + "9" * 5000, "a text of 5,000 characters was sent."),
        (f"{CREATE}?limit=", "`limit` must be a whole number; nothing was sent."),
        (f"{CREATE}?deleted=maybe", '`deleted` must be true or false; "maybe" was sent.'),
        (f"{CREATE}?before=x", f'`before` must be an id (a UUID), such as {ID}; "x" was sent.'),
        (f"{CREATE}?search=" + "x" * 201, "`search` may have at most 200 characters; a text of 201 characters"),
        (f"{CREATE}/x", "`id` must be an id (a UUID)"),
    ],
)
def test_a_query_or_a_path(client: httpx.Client, path: str, told: str) -> None:
    assert told in detail(client.get(path))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "The body is missing."),
        (b"{not json", "The body is no valid JSON: it cannot be read on from character 2."),
        (b'{"code": "a"}x', "The body is no valid JSON: it cannot be read on from character 14."),
    ],
)
def test_a_body_that_is_no_json(client: httpx.Client, body: bytes, told: str) -> None:
    assert detail(client.post(VALIDATE, content=body, headers={"content-type": "application/json"})) == told


def test_a_body_that_cannot_be_read(client: httpx.Client) -> None:
    answer = client.post(VALIDATE, content=b"[" * 100_000, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "nested too deeply" in answer.json()["detail"]


def test_a_path_and_a_method_that_there_is_not(client: httpx.Client) -> None:
    assert "nothing at this path" in client.get("/api/v1/nothing").json()["detail"]
    assert client.put(CREATE).json()["detail"] == "This path takes GET, HEAD, POST."


@pytest.mark.parametrize("error", list_all_errors(), ids=lambda error: error["type"])
def test_every_kind_of_error_has_plain_words(error: dict[str, Any]) -> None:
    bounds = {**(error.get("example_context") or {})}
    if error["type"] in {"value_error", "assertion_error"}:
        bounds["error"] = ValueError("must be other")
    told = mistakes.sentence({**error, "ctx": bounds, "loc": ("body", 16), "input": {}})
    assert not any(words in told for words in RAW)
    assert "{" not in told.replace('{"code": "flowchart LR"}', "")
    assert told.endswith(".")


@pytest.mark.slow
def test_a_setting() -> None:
    with uvicorn_process(environment={"GENERATION_ATTEMPTS": "hunter22", "LOG_LEVEL": "x"}) as (process, _):
        output = process.communicate(timeout=60)[0]
    assert "setting GENERATION_ATTEMPTS is invalid: must be a whole number" in output
    assert "setting LOG_LEVEL is invalid: must be 'DEBUG', 'INFO'" in output
    assert "hunter22" not in output
