"""Secrets planted in every place where one can stand; then every output of every task is read, and all that is left."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil
import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, Result, interrupt, write_tasks
from tests.engine.scene import connected

CANARIES = {
    "env": "canary/env+7f3a91&b",
    "declared": "canary declared 5c20e8",
    "env-url": "canary-envurl-6d31f8",
    "shell": "canary-shell-92aa07",
    "renamed": "canary-renamed-41be55",
    "file": 'canary"file\\ü-c4d1',
    "secret-variable": "canary-secvar-08e2aa",
    "literal": "canary-literal-0b8e44",
    "url": "canary-url-a9c3d2",
    "env-file": "canary-envfile-77ab30",
    "build": "canary-build-5e5e11",
    "build-secret": "canary-buildsecret-3c3c22",
    "config": "canary-config-d41d8c",
    "config-file": "canary-configfile-99fe01",
    "config-variable": "canary-confvar-e2e2b7",
    "label": "canary-label-c0ffee",
    "command": "canary-command-1d1d9a",
    "header": "canary-header-abab55",
    "open": "canary-open-f00d42",
    "health": "canary-health-b10b77",
    "query": "canary-query-31337f",
    "native": "canary-native-2b2b66",
}
"""One for each place; the characters are those that URLs, JSON and base64 write in other ways."""


def written(text: str) -> set[str]:
    """A canary as programs may write it."""
    return {
        text,
        quote(text, safe=""),
        quote_plus(text),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        *(base64.b64encode(f"{before}{text}".encode()).decode().rstrip("=") for before in ("", "u:", "user:")),
    }


FORMS = {form: name for name, text in CANARIES.items() for form in written(text)}

COMPOSE = """
services:
  app:
    image: {image}
    build:
      context: .
      args: {BUILD_TOKEN: "${BUILD_TOKEN}"}
      secrets: [build]
    init: true
    stop_grace_period: 1s
    command: [python, -u, /app/speak.py, --api-token, canary-command-1d1d9a]
    env_file: [service.env]
    environment:
      ENV_TOKEN: ${ENV_TOKEN}
      COLOUR: ${COLOUR}
      CACHE: ${CACHE_URL}
      SHELL_TOKEN: ${SHELL_TOKEN}
      PLAIN: ${RENAMED_PASSWORD}
      INLINE_PASSWORD: canary-literal-0b8e44
      DATABASE_URL: postgresql://user:canary-url-a9c3d2@db/name
      MODE: ${MODE:-ready}
      PORT: ${PORT}
    labels: {org.example.api_token: canary-label-c0ffee}
    secrets: [file, variable]
    configs: [written, stored, variable]
    volumes: ["./speak.py:/app/speak.py:ro", "./spoken:/app/spoken:ro"]
    ports: ["127.0.0.1:${PORT}:${PORT}"]
    healthcheck:
      test: [CMD-SHELL, "true 'Authorization: Bearer canary-header-abab55'"]
      interval: 1s
      start_period: 20s
    x-ops:
      health: "http://user:canary-health-b10b77@127.0.0.1:${PORT}/health?token=canary-query-31337f"
      open: {Cache: "redis://:canary-open-f00d42@127.0.0.1", Env: "http://u:${ENV_TOKEN}@127.0.0.1"}
      size-budget: 1B
      native:
        command: ["{python}", -u, speak.py, --password=canary-native-2b2b66]
        environment: {PORT: "${PORT}"}
        health: "http://127.0.0.1:${PORT}/health?token=canary-query-31337f"
  other:
    image: python:3.13-slim
    init: true
    stop_grace_period: 1s
    command: [sleep, "9999"]
    volumes: ["things:/things"]
    x-ops: {stable: 0, native: {command: ["{python}", -c, "import time; time.sleep(9999)"]}}
volumes: {things: }
secrets:
  file: {file: ./secret.txt}
  variable: {environment: SECRET_VARIABLE}
  build: {file: ./build.txt}
configs:
  written: {content: "[db]\\npassword = canary-config-d41d8c\\n"}
  stored: {file: ./stored.yaml}
  variable: {environment: CONFIG_API_KEY}
"""

DOCKERFILE = """
FROM python:3.13-slim
ARG BUILD_TOKEN
RUN echo "building with $BUILD_TOKEN"
RUN --mount=type=secret,id=build echo "and with $(cat /run/secrets/build)"
"""

SPEAK = """
import base64, http.server, json, os, sys, urllib.parse

spoken = [json.loads(line) for line in open(os.path.join(os.path.dirname(__file__), "spoken"), encoding="utf-8")]

def forms(value):
    yield value
    yield urllib.parse.quote(value, safe="")
    yield urllib.parse.quote_plus(value)
    yield base64.b64encode(value.encode()).decode()
    yield "Basic " + base64.b64encode(("user:" + value).encode()).decode()
    yield json.dumps({"value": value})
    yield json.dumps({"value": value}, ensure_ascii=False)
    yield value[:7] + "\\x1b[1m" + value[7:]

words = [form for value in spoken for form in forms(value)]
for word in words:
    print("using", word)
    print("ERROR: cannot use", word, file=sys.stderr)

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        checks = {f"check {number}": {"status": "bad", "detail": word} for number, word in enumerate(words)}
        checks[spoken[0]] = spoken[1]
        body = json.dumps({"status": "degraded", "checks": checks, "said": words})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass

print("an ordinary line stays", flush=True)
if os.environ["MODE"] == "broken":
    sys.exit(f"cannot use {words}")
http.server.HTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""

ENV = """\
ENV_TOKEN='{env}'
COLOUR='{declared}'
CACHE_URL=redis://:{env-url}@cache:6379/0
BUILD_TOKEN={build}
PORT={port}
MODE=ready
"""

EXAMPLE = "# A token.\nENV_TOKEN=\n# @sensitive\nCOLOUR=\nCACHE_URL=\nBUILD_TOKEN=\nPORT=\nMODE=\n"


@dataclass
class Watched:
    """A project full of canaries, and all that was ever seen of it.

    Attributes:
        project: Its folder.
        place: Holds its state and its temporary files.
        seen: The canaries that were found: where, and which.
    """

    project: Project
    place: Path
    seen: list[str] = field(default_factory=list)

    def read(self, where: str, text: str) -> None:
        """Look for canaries in a text."""
        self.seen += [f"{name} in {where}: …{_around(text, form)}…" for form, name in FORMS.items() if form in text]

    def invoke(self, *words: str, env: dict[str, str] | None = None) -> Result:
        """Run a task while its processes are watched; look at all that it prints and leaves."""
        where = f"invoke {' '.join(words)}"
        task = self.project.begin(*words, env=env)
        watching = threading.Thread(target=self._watch, args=(task, where))
        watching.start()
        out, err = task.communicate(timeout=240)
        watching.join()
        self.read(f"{where} (stdout)", out)
        self.read(f"{where} (stderr)", err)
        assert "Traceback" not in err or "--debug" in words, err
        return Result(task.returncode, out, err)

    def _watch(self, task: subprocess.Popen[str], where: str) -> None:
        """Read the command lines of a task and of all that it has started, as long as it runs.

        What the stack itself runs is left out: that is written in its compose file.
        """
        while task.poll() is None:
            try:
                for each in (me := psutil.Process(task.pid), *me.children(recursive=True)):
                    line = " ".join(each.cmdline())
                    if "speak.py" not in line:
                        self.read(f"the command line of {each.pid} under {where}", line)
            except psutil.Error:
                continue

    def files(self) -> None:
        """Read all files that the tasks have left: state and temporary ones."""
        for path in self.place.rglob("*"):
            # What a service itself writes is its own, and kept for its owner only.
            if path.is_file() and not path.name.startswith("log") and path.suffix != ".pyc":
                self.read(f"the file {path.relative_to(self.place)}", path.read_text("utf-8", "replace"))


def _around(text: str, form: str) -> str:
    start = text.index(form)
    return text[max(0, start - 60) : start + len(form) + 20]


@pytest.fixture
def watched(tmp_path: Path, free_port: object) -> Iterator[Watched]:
    assert callable(free_port)
    place = tmp_path / "place"
    for name in ("state", "tmp"):
        (place / name).mkdir(parents=True)
    name = unique_name("canaries")
    shell = {
        "SHELL_TOKEN": CANARIES["shell"],
        "RENAMED_PASSWORD": CANARIES["renamed"],
        "SECRET_VARIABLE": CANARIES["secret-variable"],
        "CONFIG_API_KEY": CANARIES["config-variable"],
        "OPS_STATE_DIR": str(place / "state"),
        "TMPDIR": str(place / "tmp"),
    }
    project = Project(tmp_path / "leaky", name, shell)
    project.root.mkdir()
    write_tasks(project.root)
    texts = {
        "compose.yaml": COMPOSE.replace("{image}", f"{name}-app"),
        "Dockerfile": DOCKERFILE,
        "speak.py": SPEAK,
        "spoken": "".join(json.dumps(each) + "\n" for each in CANARIES.values()),
        ".env": ENV.format(port=free_port(), **CANARIES),
        ".env.example": EXAMPLE,
        "service.env": f"MAIL_PASSWORD={CANARIES['env-file']}\n",
        "secret.txt": CANARIES["file"],
        "build.txt": CANARIES["build-secret"],
        "stored.yaml": f"mail:\n  password: {CANARIES['config-file']}\n",
        "invoke.yaml": "ops: {environments: {dev: {files: [compose.yaml]}, prod: {files: [compose.yaml]}}}\n",
    }
    for file, text in texts.items():
        project.write(file, text)
    yield Watched(project, place)
    remove_project(project.name)


READING = [
    "health",
    "health --json",
    "diagnose app --json",
    "diagnose --debug",
    "status --json",
    "logs --tail all",
    "logs --tail all --json",
    "logs --level error",
    "config",
    "config --json",
    "images --json",
    "doctor",
    "env.check",
    "env.check --env prod --strict --debug",
    "env.show",
    "env.show --json",
    "env.init",
    "env.set MODE=ready --debug",
    "stop --json --debug --dry",
]
"""Every task that changes no container."""

KEEPING = [
    "backup --debug",
    "backup --json",
    "backup --list --json",
    "backup --prove --json",
    "--dry restore latest --json",
    "restore latest --yes --debug",
    "restore latest --yes --json",
    "--dry prod --json",
    "prod --plan --json",
    "prod --yes --timeout 60 --debug",
    "releases --json",
    "rollback --json",
    "audit",
    "audit --json",
    "dev --timeout 60",
]
"""What keeps data, and what makes releases."""

STARTING = ["dev --timeout 60", "dev --json", "restart --json --debug"]


def play(watched: Watched, tmp_path: Path, lines: list[str]) -> None:
    """Call every task, in every form of output, and fail where anything told of a canary."""
    for line in lines:
        words = line.split()
        result = watched.invoke(*words)
        # An image beyond its budget, and findings of a check that is strict, are no errors here.
        refused = {"images": [5], "env.check": [3], "rollback": [2]}
        assert result.code in (0, *refused.get(words[0], ())), (line, result)
    for line in ("health --watch --json", "logs --follow --tail all"):
        task = watched.project.begin(*line.split())
        first = task.stdout.readline() if task.stdout else ""
        result = interrupt(task)
        watched.read(f"invoke {line}", first + result.out + result.err)
        assert first
    watched.invoke("logs", "--tail", "all", "--output", str(tmp_path / "log"))
    watched.read("invoke logs --output", (tmp_path / "log").read_text("utf-8"))
    for line in ("dev --timeout 20", "dev --json --timeout 20", "diagnose"):
        result = watched.invoke(*line.split(), env={"MODE": "broken"})
        assert "cannot use" in result.out + result.err, result
    for line in ("stop --debug", "dev --timeout 60 --debug"):
        watched.invoke(*line.split())
    watched.files()
    watched.invoke("stop", "--json")
    watched.files()
    assert watched.seen == [], "\n".join(sorted(set(watched.seen)))


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.timeout(900)
def test_no_canary_is_seen_with_containers(watched: Watched, tmp_path: Path) -> None:
    play(watched, tmp_path, ["build --no-cache --debug", *STARTING, *READING, *KEEPING])
    api = connected().client.api
    image = api.inspect_image(f"{watched.project.name}-app")
    watched.read("the image's labels", json.dumps(image["Config"], ensure_ascii=False))
    # A build argument that a RUN uses is written there by the builder itself; nothing else may be.
    history = json.dumps(api.history(image["Id"]), ensure_ascii=False)  # type: ignore[no-untyped-call]
    watched.read("the image's history", history.replace(CANARIES["build"], ""))
    assert watched.seen == [], "\n".join(sorted(set(watched.seen)))
    api.remove_image(image["Id"], force=True)


@pytest.mark.nightly
@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that ends a watch from another process")
def test_no_canary_is_seen_without_an_engine(watched: Watched, tmp_path: Path) -> None:
    watched.project.environment["INVOKE_OPS_RUNTIME"] = "native"
    needs_an_engine = ("images", "doctor")
    lines = [line for line in READING if not line.startswith(needs_an_engine)]
    play(watched, tmp_path, [*STARTING, *lines])


def test_what_is_looked_for_is_there(watched: Watched) -> None:
    """The canaries are read by the eyes that look for them: with `--reveal` they are found."""
    watched.invoke("config", "--reveal")
    watched.invoke("env.show", "--reveal", "--json")
    found = {each.partition(" in ")[0] for each in watched.seen}
    assert {"env", "declared", "literal", "url", "env-file", "label", "command", "open", "health", "query"} <= found
