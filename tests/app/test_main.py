"""The application as a whole: what it offers, its log, and how its process starts and stops."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app import __version__, healthcheck
from app.main import create_app
from app.settings import Settings
from tests.app.servers import AsgiServer, McpServer, Postgres, free_port, stop_signal, uvicorn_process, wait_until

Serve = Callable[..., httpx.Client]
ROOT = Path(__file__).resolve().parents[2]


def answers(url: str) -> bool:
    try:
        return httpx.get(url + "/health/live").status_code == 200
    except httpx.TransportError:
        return False


def test_root_names_the_service_and_its_links_work(serve: Serve) -> None:
    client = serve()
    root = client.get("/").json()
    assert root["version"] == __version__
    for link in ("docs", "openapi", "health"):
        assert client.get(root["links"][link]).status_code == 200


def test_the_version_is_the_project_s() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"ARG VERSION={__version__}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_docs_need_no_other_host(serve: Serve) -> None:
    client = serve()
    page = client.get("/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(links) >= 3
    for link in links:
        assert link.startswith("/")
        assert client.get(link).status_code == 200
    assert "://" not in page.replace("window.location", "")


@pytest.mark.parametrize("root_path", ["/ai", "/ai/", "ai"])
def test_behind_a_path_of_a_proxy_every_link_leads_there(root_path: str, mcp: McpServer, postgres: Postgres) -> None:
    environment = {**postgres.environment, "UVICORN_ROOT_PATH": root_path, "MCP_URL": f"{mcp.url}/mcp"}
    with uvicorn_process(environment=environment) as (process, url):
        wait_until(lambda: answers(url))

        def get(link: str, **headers: str) -> httpx.Response:
            """What a browser gets, behind a proxy that takes the path away."""
            assert link.startswith("/ai/"), link
            assert "//" not in link
            return httpx.get(url + link.removeprefix("/ai"), headers=headers)

        for link in get("/ai/").json()["links"].values():
            assert get(link).status_code == 200
        docs = get("/ai/docs").text
        for link in [*re.findall(r'(?:src|href)="([^"]+)"', docs), *re.findall(r"url: '([^']+)'", docs)]:
            assert get(link).status_code == 200
        assert get("/ai/openapi.json").json()["servers"] == [{"url": "/ai"}]
        assert get("/ai/", accept="text/html").headers["content-type"].startswith("text/html")
        saved = httpx.post(f"{url}/api/v1/diagrams", json={"code": "flowchart LR\n  A --> B"})
        shown = get(saved.headers["location"])
        assert shown.json()["id"] == saved.json()["id"]
        assert shown.headers["cache-control"] == "no-store"
        assert get("/ai/health/").status_code == 200
        stop_signal(process)
        output = process.communicate(timeout=30)[0]
    assert "/health" not in output  # which is asked several times a second


def test_unknown_paths_and_methods_are_problems(serve: Serve) -> None:
    client = serve()
    for answer, status in ((client.get("/nope"), 404), (client.put("/"), 405)):
        assert answer.status_code == answer.json()["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_is_told_the_right_ones(serve: Serve) -> None:
    client = serve()
    for path, methods in {
        "/api/v1/diagrams": "GET, HEAD, POST",
        "/api/v1/diagrams/01a20ac0-9469-754c-8c35-0bbbd71ab697": "DELETE, GET, HEAD, PATCH",
        "/health": "GET, HEAD",
    }.items():
        answer = client.request("PUT", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods), path
    assert client.request("TRACE", "/").status_code == 405


@pytest.mark.parametrize("path", ["/", "/health/live", "/docs", "/api/v1/diagram-types"])
def test_head_is_answered_as_get_without_a_body(serve: Serve, path: str) -> None:
    client = serve()
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert client.get("/").status_code == 200  # the connection is still in step


def test_a_slash_at_the_end_changes_nothing(serve: Serve) -> None:
    client = serve()
    assert client.get("/api/v1/diagram-types/").json() == client.get("/api/v1/diagram-types").json()
    assert client.get("/health/live//").status_code == 200


def test_a_body_without_its_type_is_told_so(serve: Serve) -> None:
    client = serve()
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}):
        answer = client.post("/api/v1/diagrams/validate", content='{"code": "pie"}', headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (415, "unsupported-media-type")
        assert "Content-Type: application/json" in answer.json()["detail"]
    answer = client.post("/api/v1/diagrams/validate", content="[]", headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_the_types_are_listed(serve: Serve) -> None:
    types = serve().get("/api/v1/diagram-types").json()["types"]
    assert {"type": "er", "aliases": ["entityrelationship"]} in types


def test_a_request_id_is_kept_or_made(serve: Serve) -> None:
    client = serve()
    assert client.get("/", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = client.get("/", headers={"x-request-id": "a b\tc"}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", made)


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize(
    ("options", "in_flight"),
    [([], False), ([], True), (["--workers=2"], True), (["--reload", "--reload-dir=app"], True)],
)
def test_stops_within_a_second_with_connections_open(options: list[str], in_flight: bool, mcp: McpServer) -> None:
    with uvicorn_process(*options, environment={"MCP_URL": f"{mcp.url}/mcp"}) as (process, url):
        wait_until(lambda: answers(url))
        with httpx.Client(base_url=url) as client, socket.socket() as caller:
            assert client.get("/health").status_code == 200  # kept alive from here on, and so is the MCP connection
            if in_flight:
                caller.connect(("127.0.0.1", client.base_url.port or 0))
                caller.sendall(
                    b"POST /api/v1/diagrams/validate HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                )
                caller.sendall(b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n")
                assert caller.recv(100).startswith(b"HTTP/1.1 100")  # the request is being served, and never ends
            start = time.perf_counter()
            stop_signal(process)
            output = process.communicate(timeout=30)[0]
            assert time.perf_counter() - start < 10  # then an engine kills what it stops
    assert ("Cancel 1 running task(s)" in output) == in_flight


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_lets_a_short_request_end(mcp: McpServer) -> None:
    with uvicorn_process(environment={"MCP_URL": f"{mcp.url}/mcp"}) as (process, url):
        wait_until(lambda: answers(url))
        with httpx.Client(base_url=url) as client:

            def body() -> Iterator[bytes]:
                stop_signal(process)
                wait_until(lambda: refuses(client.base_url.port or 0))
                yield b'{"code": "pie"}'

            headers = {"content-type": "application/json"}
            assert client.post("/api/v1/diagrams/validate", content=body(), headers=headers).json()["valid"] is True


def refuses(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.nightly
def test_the_log_is_a_json_object_a_line_without_polls() -> None:
    with uvicorn_process("--workers=2", environment={"MCP_URL": f"http://127.0.0.1:{free_port()}/mcp"}) as (
        process,
        url,
    ):
        wait_until(lambda: answers(url))
        httpx.get(url + "/health")
        httpx.get(url + "/nope", headers={"x-request-id": "id-1"})
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert any("Started parent process" in line["message"] for line in lines)
    requests = [line for line in lines if line["logger"] == "app.request"]
    assert [(line["path"], line["status"], line["request_id"]) for line in requests] == [("/nope", 404, "id-1")]


def test_the_log_is_text_where_asked_for() -> None:
    with uvicorn_process(environment={"LOG_FORMAT": "text"}) as (process, url):
        wait_until(lambda: answers(url))
        httpx.get(url + "/")
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    assert re.search(r"^\d\d:\d\d:\d\d INFO +app.request: GET / 200 .*duration_ms=", output, re.MULTILINE)


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_caller_writes_long_or_forged_lines_into_the_log(form: str) -> None:
    with uvicorn_process(environment={"LOG_FORMAT": form}) as (process, url):
        wait_until(lambda: answers(url))
        httpx.get(url + "/x%0a20:00:00%20CRITICAL%20app.database:%20x%1b%5b31m%E2%80%A8y")
        httpx.get(url + "/" + "x" * 60_000)
        httpx.request("Y" * 60_000, url)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
    assert not re.search(r"^20:00:00 CRITICAL", output, re.MULTILINE)
    assert "\x1b" not in output
    assert "xxxxx" in output
    assert "YYYYY" in output
    assert max(map(len, output.splitlines())) < 1000


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("options", [[], ["--workers=2"]])
def test_an_invalid_setting_ends_it_with_one_line_and_no_value(options: list[str]) -> None:
    with uvicorn_process(*options, environment={"DATABASE_URL": "mysql://u:hunter22@h/d"}) as (process, _):
        output = process.communicate(timeout=60)[0]  # it ends; uvicorn's parent process says 0 all the same
    assert "setting DATABASE_URL is invalid" in output
    assert "Traceback" not in output
    assert "hunter22" not in output


def test_healthcheck_follows_the_answer(serve: Serve) -> None:
    well, ill = serve(), serve(postgres_host="127.0.0.1", postgres_port=str(free_port()))
    assert healthcheck.check("127.0.0.1", well.base_url.port or 0)
    assert not healthcheck.check("127.0.0.1", ill.base_url.port or 0)
    assert not healthcheck.check("127.0.0.1", free_port())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not healthcheck.check("127.0.0.1", silent.getsockname()[1], timeout=0.2)


def test_healthcheck_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import sys, app.healthcheck; sys.exit(len(sys.modules) > 150 or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("debug", ["false", "true"])
def test_a_bug_is_a_problem_and_shows_its_traceback_only_while_debugging(
    settings: Callable[..., Settings], debug: str
) -> None:
    app = create_app(settings(debug=debug, openrouter_api_key="sk-or-secret"))

    @app.get("/bug")
    async def bug() -> None:
        raise KeyError("with sk-or-secret inside")

    with AsgiServer(app) as server:
        answer = httpx.get(server.url + "/bug", headers={"x-request-id": "id-7"})
    problem = answer.json()
    assert (answer.status_code, problem["type"], problem["request_id"]) == (500, "internal-error", "id-7")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "sk-or-secret" not in answer.text
    assert ("KeyError: 'with *** inside'" in problem.get("traceback", [])) == (debug == "true")
