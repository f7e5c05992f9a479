"""No secret leaves `.env`: not by output, errors, JSON, `--debug`, the process list, or a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from upready import dotenv
from upready.dotenv import MASK, Secret, check, values
from upready.runtime import choice
from upready.stack.selection import Stack

from .conftest import Invoke

pytestmark = pytest.mark.costly

# Each value holds a word that is found nowhere else, whatever is done to the rest.
GOOD = """\
DB_PASSWORD='canary-one$x'
API_TOKEN=canarytwo
DATABASE_URL=postgres://me:canarythree@db/x
UNKNOWN_SECRET="canaryfour"
REDIS_URL=redis://:canarysixteen@r
PGPASSWORD=canaryseventeen
COPY="say ${API_TOKEN} to postgres://u:${DB_PASSWORD}@h"
DSN_OF=host=h password=canaryeighteen
"""
BAD = {
    "a quote that is not closed": GOOD + "DB_PASSWORD='canaryfive\n",
    "no assignment": GOOD + "canarysix is what I meant\n",
    "a broken reference": GOOD + "API_TOKEN=x${canaryseven bad}\n",
    "a reference to nothing": GOOD + "API_TOKEN=x$canaryeight\n",
    "a demand": GOOD + "API_TOKEN=${canarynine:?canaryten}\n",
    "a key of several lines": GOOD + "PRIVATE_KEY=-----BEGIN\ncanaryeleven/+x==\n-----END\n",
    "a key of several lines that compose can read": GOOD + "PRIVATE_KEY=-----BEGIN\ncanaryfifteen==\n-----END K=\n",
    "the wrong type": GOOD.replace("postgres://me", "postgres//me"),
    "not UTF-8": GOOD.encode() + b"API_TOKEN=canary\xfftwelve\n",
    "a password in a URL": GOOD.replace("canarythree", "canary@thir/teen"),
    "a placeholder": GOOD + "API_TOKEN=changeme-canaryfourteen\n",
    "twice the same": GOOD + "DB_PASSWORD=canarytwo\n",
}
SCHEMA = """\
# @required @sensitive @type=string(minLength=50)
DB_PASSWORD=
# @required @sensitive @type=port
API_TOKEN=
# @sensitive @type=url(allowedProtocols=[mysql])
DATABASE_URL=
# @sensitive @type=enum(a, b)
PRIVATE_KEY=
# @required
SHELL_TOKEN=
SHELL_URL=
"""
COMPOSE = """\
services:
  app:
    image: app
    build: .
    ports: ["${API_TOKEN}:80"]
    environment: {A: "${DB_PASSWORD:?}", B: "${DATABASE_URL}", C: "${API_TOKEN}", D: "${REDIS_URL}", E: "${COPY}"}
    command: ["--with=${UNKNOWN_SECRET}", "--url=${REDIS_URL}"]
"""
TASKS = [
    ("env.check",),
    ("env.check", "--json", "--env", "prod"),
    ("env.show",),
    ("env.show", "--json"),
    ("env.diff",),
    ("env.init",),
    ("env.set", "UNKNOWN_SECRT=a"),
    ("env.set", "DB_PASSWORD", "canarynineteen"),
    ("config",),
    ("dev", "--json"),
    ("prod",),
    ("doctor",),
]
SHELL = {"SHELL_TOKEN": "canarytwenty", "SHELL_URL": "http://u:canarytwentyone@h"}
INVOKE_YAML = "ops: {environments: {dev: {files: [compose.yaml]}, prod: {files: [compose.yaml], strict: true}}}\n"
NO_ENGINE = {"DOCKER_HOST": "tcp://127.0.0.1:1", "INVOKE_OPS_RUNTIME": "docker"}


@pytest.fixture
def command_lines() -> Iterator[set[str]]:
    """Every command line that this process's descendants have while the test runs."""
    seen: set[str] = set()
    ended = threading.Event()

    def look() -> None:
        me = psutil.Process()
        while not ended.wait(0.005):
            for child in me.children(recursive=True):
                try:
                    seen.add(" ".join(child.cmdline()))
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    yield seen
    ended.set()
    watcher.join()


def files_with(root: Path, word: bytes) -> list[str]:
    return [
        str(each) for each in root.rglob("*") if each.is_file() and each.name != ".env" and word in each.read_bytes()
    ]


@pytest.mark.nightly(day=4)
@pytest.mark.costly
@pytest.mark.slow
@pytest.mark.parametrize("env", [GOOD, *BAD.values()], ids=["fine", *BAD])
def test_no_task_shows_a_secret(
    make_stack: Callable[..., Stack],
    invoke: Invoke,
    command_lines: set[str],
    monkeypatch: pytest.MonkeyPatch,
    env: str | bytes,
) -> None:
    root = make_stack(env, schema=SCHEMA, compose=COMPOSE).root
    (root / "invoke.yaml").write_text(INVOKE_YAML, encoding="utf-8")
    # `dev` and `prod` look for their engine first; then they say that `.env` is not valid.
    monkeypatch.setattr(choice, "choose", lambda *_: SimpleNamespace(name="docker", local=True))
    for task in TASKS:
        before = (root / ".env").read_bytes()
        done = invoke(*task, "--debug", TMPDIR=str(root), **NO_ENGINE, **SHELL)
        assert "canary" not in done.out, (task, done.out)
        assert "canary" not in done.err, (task, done.err)
        assert done.code != 1, (task, done.err)
        if task[0] in ("dev", "prod"):
            assert done.code == 3, (task, done.out, done.err)
        (root / ".env").write_bytes(before)
    assert any("docker-compose" in line or "compose" in line for line in command_lines)
    assert not [line for line in command_lines if "canary" in line]
    assert files_with(root, b"canary") == []


def test_a_secret_that_is_asked_for_is_on_no_command_line(
    make_stack: Callable[..., Stack], invoke: Invoke, command_lines: set[str]
) -> None:
    stack = make_stack(GOOD)
    done = invoke("env.set", "DB_PASSWORD", "--debug", stdin=b"another 'canary' $x", TMPDIR=str(stack.root))
    assert done.code == 0, done.err
    assert "canary" not in done.out + done.err
    assert not [line for line in command_lines if "canary" in line]
    assert files_with(stack.root, b"canary") == []


def test_a_bug_shows_no_secret(
    make_stack: Callable[..., Stack], invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stack(GOOD)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("what compose said: canarytwo, redis://:canaryelse@r")

    monkeypatch.setattr(dotenv, "check", fail)
    done = invoke("env.check")
    assert done.code == 1
    assert f"RuntimeError: what compose said: {MASK}, redis://:{MASK}@r" in done.err


def test_no_object_shows_a_secret(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(GOOD, schema=SCHEMA, compose=COMPOSE)
    assert "canary" not in repr(values(stack))
    assert "canary" not in repr(check(stack))


def test_a_secret_shows_its_mask_only() -> None:
    secret = Secret("canary")
    assert {str(secret), repr(secret), f"{secret}", f"{secret:s}", "%s" % secret} == {MASK}  # noqa: UP031
    assert f"{secret:>10}" == f"{MASK:>10}"
    assert secret.reveal() == "canary"
    assert secret == Secret("canary")
    assert secret != Secret("other")
    assert secret != "canary"
    assert not Secret("")
