"""POST /api/v1/diagrams/validate through a real MCP server, also when it fails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app import admission, services
from app.admission import Admission
from tests.app.servers import McpServer, Postgres, free_port, wait_until

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams/validate"


@pytest.fixture
def client(serve: Serve, mcp: McpServer) -> httpx.Client:
    return serve(mcp_url=mcp.url + "/mcp")


def test_a_valid_diagram(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"code": "flowchart LR\n  A --> B"})
    assert answer.status_code == 200
    wanted = {"valid": True, "drawable": None, "reason": None, "diagram_type": "flowchart-v2", "errors": []}
    assert answer.json() == wanted


def test_an_invalid_diagram_is_an_answer_not_an_error(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"code": "flowchart LR\n  A --> broken"})
    assert answer.status_code == 200
    fix = {"line": 2, "column": 5, "remove": 6, "insert": "whole"}
    error = {"message": "Parse error: got 'broken'", "line": 2, "column": 5, "excerpt": "A --> broken", "fix": fix}
    wanted = {"valid": False, "drawable": None, "reason": None, "diagram_type": "flowchart-v2", "errors": [error]}
    assert answer.json() == wanted


def test_what_cannot_be_decided_is_not_invalid(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"code": "flowchart LR\n  huge --> B"})
    assert answer.status_code == 200
    assert (answer.json()["valid"], answer.json()["errors"]) == (None, [])
    assert answer.json()["reason"] == "too large to decide in time"


def test_what_may_take_very_long_to_draw_is_valid_with_a_reason(start: Serve) -> None:
    client = start()
    reason = "nested 400 deep: drawing it may take very long"
    verdict = client.post(PATH, json={"code": "stateDiagram-v2\n  deep"}).json()
    assert (verdict["valid"], verdict["drawable"], verdict["reason"]) == (True, None, reason)
    saved = client.post("/api/v1/diagrams", json={"code": "stateDiagram-v2\n  deep"}).json()
    assert (saved["validated"], saved["warnings"]) == (True, [f"It is {reason}."])


def test_503_while_the_mcp_server_is_down_and_200_when_it_is_back(client: httpx.Client, mcp: McpServer) -> None:
    assert client.post(PATH, json={"code": "a"}).status_code == 200
    mcp.stop()
    answer = client.post(PATH, json={"code": "a"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["type"] == "mcp-unavailable"
    mcp.start()
    assert client.post(PATH, json={"code": "a"}).status_code == 200


def test_many_at_once_survive_a_restart_of_the_mcp_server(client: httpx.Client, mcp: McpServer) -> None:
    assert client.post(PATH, json={"code": "a"}).status_code == 200
    mcp.stop()
    mcp.start()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: client.post(PATH, json={"code": f"n{n}"}), range(64)))
    assert {answer.status_code for answer in answers} == {200}


def test_a_busy_validator_is_told_apart(client: httpx.Client) -> None:
    answer = client.post(PATH, json={"code": "busy"})
    assert (answer.status_code, answer.json()["type"]) == (503, "mcp-refused")
    assert "busy" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "1"


def test_one_connection_is_kept(client: httpx.Client, mcp: McpServer) -> None:
    for _ in range(5):
        assert client.post(PATH, json={"code": "a"}).status_code == 200
    assert len(mcp.calls) == 5
    assert len(mcp.connections) == 1


def test_what_answers_is_no_mcp_server(serve: Serve) -> None:
    other = serve()
    answer = serve(mcp_url=f"{str(other.base_url).rstrip('/')}/health/live").post(PATH, json={"code": "a"})
    assert (answer.status_code, answer.json()["type"]) == (503, "mcp-unavailable")


def test_nothing_listens_where_the_mcp_server_should(serve: Serve) -> None:
    url = f"http://127.0.0.1:{free_port()}/mcp"
    answer = serve(mcp_url=url).post(PATH, json={"code": "a"})
    assert answer.status_code == 503
    assert url not in answer.text  # the log and /health name it


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.code"),
        ({"code": ""}, "body.code"),
        ({"code": 5}, "body.code"),
        ({"code": "x" * 50_001}, "body.code"),
        ({"code": "\U0001f600" * 25_001}, "body.code"),
        ({"code": "a", "extra": 1}, "body.extra"),
        ({"code": "a", **{f"{n:010d}" * 30: 1 for n in range(1000)}}, "body." + "0000000000" * 19 + "00000"),
        ([], "body"),
        ("{not json", "body.1"),
    ],
)
def test_bad_requests_say_where(client: httpx.Client, body: object, where: str) -> None:
    raw = {"content": body} if isinstance(body, str) else {"json": body}
    answer = client.post(PATH, headers={"content-type": "application/json"}, **raw)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["where"] == where
    assert len(answer.text) < 12_000
    assert "x" * 100 not in answer.text  # what was sent is not sent back


def test_a_caller_who_goes_ends_the_work_of_the_mcp_server(client: httpx.Client, mcp: McpServer) -> None:
    client.post(PATH, json={"code": "flowchart LR"})  # opens the connection that is kept
    with pytest.raises(httpx.ReadTimeout):
        client.post(PATH, json={"code": "endless"}, timeout=0.5)
    wait_until(lambda: mcp.cancelled == 1)


def send(client: httpx.Client, path: str, code: str) -> socket.socket:
    """A request whose caller does not wait for the answer."""
    body = json.dumps({"code": code}).encode()
    connection = socket.create_connection((client.base_url.host, client.base_url.port or 0))
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    connection.sendall(head.encode() + b"\r\n\r\n" + body)
    return connection


@pytest.mark.parametrize("path", [PATH, "/api/v1/diagrams"])
def test_a_caller_who_goes_while_he_waits_for_a_place_leaves_his_turn(
    serve: Serve, mcp: McpServer, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    made: list[Admission] = []
    monkeypatch.setattr(services, "Admission", lambda: made.append(Admission()) or made[-1])
    monkeypatch.setattr(admission, "IN_TIME", 60.0)
    client = serve(mcp_url=mcp.url + "/mcp", **postgres_server.environment)
    client.post(PATH, json={"code": "flowchart LR"})  # opens the connection that is kept

    def waiting() -> int:
        return sum(len(lane.waiting) for lane in made[0]._lanes.values())

    with contextlib.ExitStack() as connections:
        for number in range(admission.PLACES_EACH):
            connections.enter_context(contextlib.closing(send(client, PATH, f"endless {number}")))
        wait_until(lambda: made[0]._served == admission.PLACES_EACH)
        left = send(client, path, "flowchart LR\n left")
        wait_until(lambda: waiting() == 1)
        left.close()
        wait_until(lambda: waiting() == 0, 2)
    if path != PATH:  # what is saved is kept, and judged later
        wait_until(lambda: any("left" in each["code"] for each in client.get(path).json()["items"]))
        saved = next(each for each in client.get(path).json()["items"] if "left" in each["code"])
        assert saved["validated"] is None
        assert "validated later" in saved["warnings"][0]
    assert not any("left" in code for code in mcp.calls)


def test_the_mcp_server_is_told_the_caller_by_a_hash(client: httpx.Client, mcp: McpServer) -> None:
    client.post(PATH, json={"code": "flowchart LR"})
    assert set(mcp.callers) == {hashlib.sha256(b"127.0.0.1").hexdigest()[:32]}
