"""Ports and a project name of a checkout's own; no engine is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.envfile import document
from upready.operations import isolation
from upready.operations.env_init import Initialised
from upready.report import env as report
from upready.runtime import checkouts, last_used, ports
from upready.runtime.docker import containers
from upready.runtime.native import env_mark
from upready.stack.model import Port
from upready.stack.selection import Stack
from upready.support.errors import UsageError

pytestmark = pytest.mark.costly

COMPOSE = """\
services:
  web: {image: x, ports: ["127.0.0.1:${WEB_PORT:-8000}:80"]}
  db: {image: x, ports: ["${DB_PORT}:5432", "${RANGE:-9000-9002}:9000-9002"]}
"""
Make = Callable[..., Stack]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    for name in ("COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES", "WEB_PORT", "DB_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    def write(
        env: str | None = "DB_PORT=5432\n", compose: str = COMPOSE, folder: str = "a", name: str = "shop"
    ) -> Stack:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        (root / "compose.yaml").write_text(compose, encoding="utf-8")
        (root / ".env.example").write_text("# The database's.\nDB_PORT=5432\n", encoding="utf-8")
        if env is not None:
            (root / ".env").write_text(env, encoding="utf-8")
        return Stack(root=root, environment="dev", files=(root / "compose.yaml",), profiles=(), project=name)

    return write


def written(stack: Stack) -> dict[str, str]:
    return {entry.key: entry.parsed or "" for entry in document.read(stack.env_file).entries}


def test_every_port_and_the_name_are_its_own(make: Make) -> None:
    stack = make("# mine\nDB_PORT=5432 # the database\nOTHER=1\n")
    own = isolation.isolate(stack)
    values = written(stack)
    assert values == {"DB_PORT": own.ports["DB_PORT"], "OTHER": "1", "COMPOSE_PROJECT_NAME": own.project, **own.ports}
    assert own.project.startswith("shop-")
    low, _, high = own.ports["RANGE"].partition("-")
    assert int(high) - int(low) == 2
    assert len({own.ports["WEB_PORT"], own.ports["DB_PORT"], low}) == 3
    assert stack.env_file.read_text("utf-8").startswith("# mine\nDB_PORT=")
    assert own.notes == []


ADDRESSED = """\
services:
  db: {image: x, ports: ["${SQL_PORT:-127.0.0.1:13306}:3306", "${SIX:-[::1]:9000}:9000"]}
  web: {image: x, environment: {URL: "${URL:-}"}}
"""


def test_a_port_stays_at_its_address(make: Make) -> None:
    stack = make("URL=http://localhost:13306\n", compose=ADDRESSED)
    isolated = isolation.isolate(stack)
    assert {name: value.rpartition(":")[0] for name, value in isolated.ports.items()} == {
        "SQL_PORT": "127.0.0.1",
        "SIX": "[::1]",
    }
    assert isolated.notes == ["URL still names port 13306 of this machine: invoke env.set URL"]
    assert isolation.isolate(stack).ports == isolated.ports


def test_an_address_does_not_hide_a_copied_port(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make("", compose=ADDRESSED, folder="a")
    first = isolation.isolate(one)
    monkeypatch.setattr(checkouts, "others", lambda _: [one.root])
    second = isolation.isolate(make(one.env_file.read_text("utf-8"), compose=ADDRESSED, folder="b"))
    assert not {*first.ports.values()} & {*second.ports.values()}


def test_a_second_time_changes_nothing(make: Make) -> None:
    stack = make()
    isolation.isolate(stack)
    before = stack.env_file.read_bytes()
    again = Stack(**{**stack.__dict__, "project": written(stack)["COMPOSE_PROJECT_NAME"]})
    assert isolation.isolate(again).project == again.project
    assert stack.env_file.read_bytes() == before


def test_two_folders_have_nothing_in_common(make: Make) -> None:
    one, two = isolation.isolate(make(folder="a")), isolation.isolate(make(folder="b"))
    assert one.project != two.project
    assert not set(one.ports.values()) & set(two.ports.values())


def test_a_copied_file_is_not_its_own(make: Make) -> None:
    first = make(folder="a")
    one = isolation.isolate(first)
    second = make(first.env_file.read_text("utf-8"), folder="b", name=one.project)
    two = isolation.isolate(second)
    assert two.project != one.project
    assert two.project.startswith("shop-")


def test_a_port_that_is_taken_is_given_up(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        own = isolation.isolate(make(f"WEB_PORT={port}\nDB_PORT=1\n"))
    assert own.ports["WEB_PORT"] != str(port)


def test_a_range_has_no_taken_port_within(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_free", lambda *_: iter([20000, 20001, 20003, 20004, 20005, 20007]))
    ports = isolation.isolate(make()).ports
    assert ports == {"DB_PORT": "20000", "RANGE": "20003-20005", "WEB_PORT": "20007"}


@pytest.mark.parametrize(
    ("numbers", "example", "words"),
    [
        ([], "", "no port from 20000 to 29999 is free for DB_PORT"),
        ([20000, 20001, 20002, 20004], "", "no row of 3 ports from 20000 to 29999 is free for RANGE"),
        (
            [*range(20000, 20007)],
            "# @type=number(max=9999)\nWEB_PORT=8000\n",
            "no port from .* fits WEB_PORT: it should",
        ),
    ],
)
def test_where_no_port_is_left_the_error_names_the_variable_and_nothing_is_written(
    make: Make, monkeypatch: pytest.MonkeyPatch, numbers: list[int], example: str, words: str
) -> None:
    stack = make()
    with (stack.root / ".env.example").open("a", encoding="utf-8") as file:
        file.write(example)
    monkeypatch.setattr(isolation, "_free", lambda *_: iter(numbers))
    with pytest.raises(UsageError, match=words) as caught:
        isolation.isolate(stack)
    name = words.partition(" for " if "free for" in words else " fits ")[2].partition(":")[0]
    assert caught.value.next == f"invoke env.set {name} && <the same command>"
    assert written(stack) == {"DB_PORT": "5432"}


def test_it_tells_what_it_cannot_keep_apart(make: Make) -> None:
    compose = """\
services:
  web: {image: x, container_name: theweb, ports: ["8000:80", "${WEB_PORT:-8001}:81"], environment: ["P=${DB_PORT}"]}
  db: {image: x, ports: ["${DB_PORT}:5432"], volumes: ["data:/data"]}
volumes: {data: {name: shared}}
networks: {default: {external: true, name: proxy}}
"""
    own = isolation.isolate(make("DB_PORT=5432\nURL=postgres://localhost:5432/x\n", compose))
    assert [note.split(":")[0] for note in own.notes] == [
        "web publishes port 8000, which no variable sets",
        "URL still names port 5432 of this machine",
        "web has the container_name theweb, which one container alone can have",
        "DB_PORT is also given to web",
        "volume shared is one for all checkouts, as the compose file names it",
        "network proxy is one for all checkouts, as the compose file names it",
    ]


def test_the_shell_wins_and_that_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", "8000")
    assert any(note.startswith("WEB_PORT is set in the shell") for note in isolation.isolate(make()).notes)


def test_what_another_checkout_is(make: Make, tmp_path: Path) -> None:
    stack, copy = make(folder="a"), make(folder="b")
    # Without git: the same files.
    assert checkouts.is_one(stack, copy.root)
    (copy.root / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    assert not checkouts.is_one(stack, copy.root)
    assert not checkouts.is_one(stack, stack.root)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for line in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["worktree", "add", "-q", str(tmp_path / "w")]):
        subprocess.run([*git, *line], cwd=stack.root, check=True, capture_output=True)
    subprocess.run([*git, "clone", "-q", str(stack.root), str(tmp_path / "c")], check=True, capture_output=True)
    assert checkouts.is_one(stack, tmp_path / "w")
    assert checkouts.is_one(stack, tmp_path / "c")
    assert tmp_path / "w" in checkouts.others(stack.root)


def test_a_service_of_another_checkout_that_runs_without_an_engine(make: Make) -> None:
    stack, other = make(folder="a"), make(folder="b")
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    environment = {**os.environ, env_mark.VARIABLE: str(env_mark.Marker("web", "1", other.root))}
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        port = Port("127.0.0.1", int(child.stdout.readline()), "tcp", 80)
        engine: Any = SimpleNamespace(local=True, owner_of=lambda *_: None)
        conflict = ports.Conflict("web", port, "a process")
        assert checkouts.holder(engine, stack, conflict.port) == other.root
        assert checkouts.holder(engine, other, conflict.port) is None
    finally:
        child.communicate("\n")


def test_a_checkout_that_may_not_be_looked_at_is_none(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_used, "others", lambda _: [SimpleNamespace(folder=str(closed / "shop"))])
    assert checkouts.others(closed.parent) == []


def test_a_stack_that_runs_keeps_its_name(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = make()
    folders = [str(stack.root)]
    connected = SimpleNamespace(origins=lambda _: [SimpleNamespace(folder=each) for each in folders])
    monkeypatch.setattr(containers, "connect", lambda **_: connected)
    last_used.write(stack.root, last_used.Memory(project="shop", runtime="docker"))
    with pytest.raises(UsageError, match="shop has containers") as caught:
        isolation.isolate(stack)
    assert caught.value.next == "invoke stop && <the same command>"
    assert written(stack) == {"DB_PORT": "5432"}
    folders[:] = [str(stack.root.parent / "another")]
    assert isolation.isolate(stack).project != "shop"


def test_what_was_written_is_not_called_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    own = isolation.Isolation("shop-1a2b3c", {"WEB_PORT": "20001"})
    report.initialised(Initialised((), (), False, own), as_json=False)
    assert capsys.readouterr().out == "this checkout's own: the project name shop-1a2b3c\n  WEB_PORT=20001\n"
    report.initialised(Initialised((), (), False), as_json=False)
    assert "nothing was changed" in capsys.readouterr().out
