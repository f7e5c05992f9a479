"""No secret stands in clear in what the tasks print, wherever it was given and whatever quotes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, until, write_tasks
from tests.engine.test_logs import Following
from upready.stack import compose
from upready.stack.selection import Stack
from upready.support import process

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ENV = "env-canary-7f3a91"
DECLARED = "declared canary 5c20"
INLINE = "inline-canary-0b8e44"
FILE = 'file"canary\\ü-c4d1'
SHELL = "shell-canary-92aa07"
OLD = "old-canary-1e77d2"
URL = "url-canary-6d31f8"
LINES = ("MIIEcanaryLineOne0000000000000000", "MIIEcanaryLineTwo1111111111111111")
PEM = "\n".join(["-----BEGIN PRIVATE KEY-----", *LINES, "-----END PRIVATE KEY-----", ""])
PLANTED = (ENV, DECLARED, INLINE, FILE, json.dumps(FILE)[1:-1], SHELL, URL, *LINES)
"""What must stand nowhere. In JSON of JSON each quote is escaped twice, which holds the once escaped text, too."""

COMPOSE = """
services:
  app:
    image: python:3.13-slim
    init: true
    command: [python, -u, /app/speak.py]
    environment:
      ENV_TOKEN: ${ENV_TOKEN}
      COLOUR: ${COLOUR}
      INLINE_PASSWORD: inline-canary-0b8e44
      DATABASE_URL: postgresql://user:url-canary-6d31f8@db/name
      MODE: ${MODE:-ready}
    volumes: ["./speak.py:/app/speak.py:ro"]
    secrets: [plain, shell, pem, huge, binary]
    ports: ["127.0.0.1:${PORT}:8000"]
    healthcheck: {test: [CMD, "true"], interval: 1s, start_period: 20s}
    x-ops:
      health: http://127.0.0.1:${PORT}/health
      open: {Database: "postgresql://user:url-canary-6d31f8@127.0.0.1/name"}
secrets:
  plain: {file: ./plain.txt}
  shell: {environment: SHELL_GIVEN}
  pem: {file: ./key.pem}
  huge: {file: ./huge.bin}
  binary: {file: ./binary.bin}
"""

SPEAK = """
import http.server, json, os, sys

values = [os.environ[name] for name in ("ENV_TOKEN", "COLOUR", "INLINE_PASSWORD", "DATABASE_URL")]
files = [f"/run/secrets/{name}" for name in ("plain", "shell", "pem")]
values += [open(file, encoding="utf-8").read().rstrip() for file in files if os.path.exists(file)]

def speak():
    for value in values:
        print("using", value)
        print(f"\\x1b[32mINFO\\x1b[0m: \\x1b[1m{value[:5]}\\x1b[0m{value[5:]}")
        print(json.dumps({"level": "info", "message": f"using {value}", "nested": {"list": [value]}, value: 1}))
        print(json.dumps({"level": "info", "message": "again", "value": value}, ensure_ascii=False))
        print(json.dumps({"just": value}))
        print("ERROR: cannot use", value, file=sys.stderr)

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": "degraded", "checks": {"db": {"status": "bad", "detail": f"refused {values}"}}})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass

speak()
print("an ordinary line stays, test and latest", flush=True)
if os.environ["MODE"] == "broken":
    sys.exit(f"cannot use {values}")
http.server.HTTPServer(("", 8000), Answer).serve_forever()
"""


@pytest.fixture
def leaky(tmp_path: Path, free_port: object) -> Iterator[Project]:
    """A stack that says all its secrets at every occasion."""
    assert callable(free_port)
    project = Project(tmp_path / "leaky", unique_name("leaky"), {"SHELL_GIVEN": SHELL})
    project.root.mkdir()
    write_tasks(project.root)
    project.write("compose.yaml", COMPOSE)
    project.write("speak.py", SPEAK)
    project.write(
        ".env.example", "# A token.\nENV_TOKEN=\n# @sensitive\nCOLOUR=\nPORT=\n# Weak.\nTEST_PASSWORD=\nMODE=\n"
    )
    env = f"ENV_TOKEN={ENV}\nCOLOUR='{DECLARED}'\nPORT={free_port()}\nTEST_PASSWORD=test\nMODE=ready\n"
    project.write(".env", env)
    project.write("plain.txt", f"{FILE}\n")
    project.write("key.pem", PEM)
    (project.root / "huge.bin").write_bytes(b"h" * 200_000)
    (project.root / "binary.bin").write_bytes(bytes(range(256)))
    yield project
    remove_project(project.name)


def up(project: Project) -> None:
    """Start a project with plain compose."""
    stack = Stack(project.root, "dev", (project.root / "compose.yaml",), (), project.name)
    line = compose.command(stack, "up", "--detach", "--pull", "never")
    done = process.run(line, cwd=project.root, env=project.environment)
    assert done.code == 0, done.stderr


def clean(*texts: str) -> None:
    """Fail where a secret stands in one of the texts."""
    for text in texts:
        assert [each for each in PLANTED if each in text] == []


def test_no_task_shows_a_secret(leaky: Project, tmp_path: Path) -> None:
    started = leaky.ok("dev", "--no-build", "--timeout", "60")
    clean(started.out, started.err)
    assert "postgresql://user:********@127.0.0.1/name" in started.out
    assert "ordinary line stays, test and latest" in leaky.ok("logs").out
    for arguments in (
        ["dev", "--no-build", "--json"],
        ["logs"],
        ["logs", "--json"],
        ["logs", "--tail", "all", "--level", "error"],
        ["health"],
        ["health", "--json"],
        ["diagnose", "app"],
        ["diagnose", "app", "--json"],
        ["status"],
        ["status", "--json"],
        ["config"],
        ["config", "--json"],
        ["env.show"],
        ["doctor"],
    ):
        result = leaky.invoke(*arguments)
        clean(result.out, result.err)
        assert result.code == 0 and result.out, (arguments, result)
    # Nobody finds out a secret letter by letter.
    assert not leaky.ok("logs", "--grep", "canary").out
    # Written to a file, and followed.
    leaky.ok("logs", "--output", str(tmp_path / "log"))
    clean((tmp_path / "log").read_text("utf-8"))
    with Following(leaky, tmp_path, "--tail", "all") as following:
        until(lambda: "ordinary line" in following.out)
        clean(following.out, following.err)
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": ""}
    clean(leaky.ok("logs", env=terminal).out)


def test_masked_lines_say_the_rest(leaky: Project) -> None:
    leaky.ok("dev", "--no-build", "--timeout", "60")
    found = [json.loads(line) for line in leaky.ok("logs", "--json").out.splitlines()]
    assert {"using ********", "an ordinary line stays, test and latest"} <= {each["message"] for each in found}
    assert {"list": ["********"]} in [each["fields"].get("nested") for each in found]
    assert all(each["service"] == "app" and each["stream"] in ("stdout", "stderr") for each in found)


def test_reveal_shows_what_was_written(leaky: Project) -> None:
    leaky.ok("dev", "--no-build", "--timeout", "60")
    revealed = leaky.ok("logs", "--tail", "all", "--reveal").out
    for each in (ENV, DECLARED, INLINE, FILE, URL):
        assert each in revealed
    assert "********" not in revealed
    assert ENV in leaky.ok("config", "--reveal").out


def test_a_failed_start_shows_no_secret(leaky: Project) -> None:
    for arguments in (["dev", "--no-build", "--timeout", "20"], ["dev", "--no-build", "--timeout", "20", "--json"]):
        result = leaky.invoke(*arguments, env={"MODE": "broken"})
        assert result.code in (6, 7)
        assert "cannot use" in result.out + result.err
        clean(result.out, result.err)
    diagnosed = leaky.invoke("diagnose", env={"MODE": "broken"})
    assert "cannot use" in diagnosed.out
    clean(diagnosed.out)


@pytest.mark.nightly
@pytest.mark.parametrize("broken", ["env", "compose", "no compose"])
def test_logs_of_a_project_that_cannot_be_read(leaky: Project, broken: str) -> None:
    leaky.write("invoke.yaml", "ops: {environments: {dev: {files: [compose.yaml]}}}\n")
    leaky.ok("dev", "--no-build", "--timeout", "60")
    if broken == "env":
        leaky.write(".env", "ENV_TOKEN=${\nCOLOUR='open\n")
    elif broken == "compose":
        leaky.write("compose.yaml", "services: [")
    else:
        (leaky.root / "compose.yaml").unlink()
    result = leaky.ok("logs", "--tail", "all")
    assert "ordinary line stays" in result.out
    # What the containers themselves were given is known without any file.
    for each in (ENV, INLINE, FILE, URL):
        assert each not in result.out


def test_a_secret_that_has_changed_since_is_hidden(leaky: Project) -> None:
    up(leaky)
    until(lambda: "ordinary line stays" in leaky.ok("logs").out)
    assert SHELL in leaky.ok("logs", "--tail", "all", "--reveal").out
    leaky.write(".env", (leaky.root / ".env").read_text("utf-8").replace(ENV, OLD))
    # And one that compose copied into the container from a shell that is gone.
    del leaky.environment["SHELL_GIVEN"]
    for arguments in (["logs"], ["logs", "--json"], ["diagnose", "app"], ["health", "--json"]):
        result = leaky.invoke(*arguments)
        clean(result.out, result.err)
        assert result.out


def test_secret_files_that_cannot_be_read(leaky: Project) -> None:
    leaky.ok("dev", "--no-build", "--timeout", "60")
    (leaky.root / "plain.txt").unlink()
    shutil.rmtree(leaky.root / "key.pem", ignore_errors=True)
    (leaky.root / "key.pem").unlink()
    (leaky.root / "key.pem").mkdir()
    result = leaky.ok("logs")
    assert "ordinary line stays" in result.out
    assert ENV not in result.out
