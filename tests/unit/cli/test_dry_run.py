"""`invoke --dry TASK`: it tells what would be done, and does nothing; no engine is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.unit.conftest import STEERING
from upready.support import lock, places
from upready.tasks import ns

pytestmark = pytest.mark.costly

COMPOSE = """\
name: demo
services:
  web:
    image: x:${TAG}
    environment: {SECRET: "${SECRET:?is missing}"}
    env_file: .env
    x-ops:
      native: {command: ["{python}", -c, "import time; time.sleep(60)"]}
"""
EXAMPLE = """\
# The tag of the image.
TAG=1

# @sensitive @required @generate=secret(length=20)
SECRET=
"""
NO_ENGINE = {"DOCKER_HOST": "tcp://127.0.0.1:1"}


class Shop:
    """A project of one service, with this project's tasks, and a folder for what the tasks remember."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root, self.state = root, state

    def invoke(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        given = {name: text for name, text in os.environ.items() if name not in STEERING}
        done = subprocess.run(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.root,
            env={**given, places.VARIABLE: str(self.state), **NO_ENGINE, **(env or {})},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def files(self) -> dict[str, bytes]:
        """All that is in both folders, but for what Python compiles."""
        every = (each for folder in (self.root, self.state) for each in folder.rglob("*") if each.is_file())
        return {str(each): each.read_bytes() for each in every if not {"cache", "__pycache__"} & {*each.parts}}

    def dry(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A dry run, which must leave everything as it was."""
        before = self.files()
        done = self.invoke("--dry", *words, env=env)
        assert self.files() == before
        return done

    def plan(self, *words: str) -> Any:
        done = self.dry(*words, "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["dry"] is True
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    root, state = tmp_path / "shop", tmp_path / "state"
    root.mkdir()
    state.mkdir()
    (root / "tasks.py").write_bytes((ROOT / "tasks.py").read_bytes())
    (root / "tests").symlink_to(ROOT / "tests")
    (root / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (root / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    return Shop(root, state)


def test_dev_tells_each_step_of_a_first_start(shop: Shop) -> None:
    plan = shop.plan("dev")
    assert [each["step"] for each in plan["plan"]] == ["write", "start", "wait"]
    assert plan["env_file"] == {"written": True, "generated": ["SECRET"]}
    assert (plan["project"], plan["environment"], plan["runtime"]) == ("demo", "dev", "native")
    (web,) = plan["services"]
    assert (web["service"], web["action"], web["directory"]) == ("web", "start", str(shop.root))
    assert web["command"][1:] == ["-c", "import time; time.sleep(60)"]


def test_people_read_the_steps_and_no_value(shop: Shop) -> None:
    (shop.root / ".env").write_text("TAG=1\nSECRET=Tr0ub4dor-and-3-more\n", encoding="utf-8")
    done = shop.dry("dev")
    assert "  1. start web\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "nothing was done (--dry)"
    assert "Tr0ub4dor" not in done.stdout + done.stderr


@pytest.mark.nightly(day=5)
@pytest.mark.costly
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["prod"], 4, "no Docker Engine answers at tcp://127.0.0.1:1"),
        (["dev", "--profile", "nope"], 2, "there is no profile 'nope'"),
        (["dev", "--runtime", "docker"], 4, "no Docker Engine answers at tcp://127.0.0.1:1"),
        (["rollback"], 4, "no Docker Engine answers at tcp://127.0.0.1:1"),
        (["unlock"], 4, "no Docker Engine answers at tcp://127.0.0.1:1"),
        (["nodes", "--drain", "one"], 4, "no Docker Engine answers at tcp://127.0.0.1:1"),
        (["nodes", "--drain", "one", "--remove", "one"], 2, "--drain and --remove: one at a time"),
        (["nodes", "--manager"], 2, "it needs --add"),
        (["backup"], 2, "nothing of demo is there"),
        (["restore", "latest"], 2, "nothing of demo is there"),
        (["upgrade", "db"], 3, "SECRET is required and has no value"),
        (["build"], 3, "SECRET is required and has no value"),
        (["restart"], 3, "SECRET is required and has no value"),
        (["exec", "web", "--", "true"], 2, "web is not running"),
        (["shell"], 2, "no service runs here"),
        (["psql", "db"], 2, "db is not running"),
        (["open"], 2, "nothing of demo runs"),
        (["env.set", "SECRET=typed-in-the-open-1"], 2, "SECRET is a secret"),
        (["init"], 2, "invoke.yaml is there already"),
        (["test", "--unit", "--engine"], 2, "--unit and --engine exclude each other"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_would_be_refused_is_refused(shop: Shop, words: list[str], code: int, said: str) -> None:
    settings = "ops: {environments: {dev: {files: [compose.yaml]}, prod: {files: [compose.yaml], strict: true}}}\n"
    (shop.root / "invoke.yaml").write_text(settings, encoding="utf-8")
    done = shop.dry(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_another_task_at_work_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.VARIABLE, str(shop.state))
    with lock.hold(shop.root, "invoke dev"):
        done = shop.dry("dev")
        assert (done.returncode, "invoke dev (process" in done.stderr) == (9, True), done.stderr
    # Its holder still lives, as after `dev --follow`, and holds it no longer.
    assert shop.dry("dev").returncode == 0


def test_env_init_tells_what_would_be_generated(shop: Shop) -> None:
    (shop.root / ".env").write_text("TAG=1\n", encoding="utf-8")
    first, own = shop.plan("env.init", "--isolated")["plan"]
    assert (first["step"], first["of"]) == ("write", ["SECRET"])
    assert own["of"] == ["COMPOSE_PROJECT_NAME"]


def test_env_set_asks_for_nothing(shop: Shop) -> None:
    assert [each["step"] for each in shop.plan("env.set", "SECRET")["plan"]] == ["ask", "write"]


def test_init_prints_what_it_would_write(shop: Shop) -> None:
    plan = shop.plan("init")
    assert plan["plan"][0]["of"] == [str(shop.root / "invoke.yaml")]
    assert '["compose.yaml"]' in plan["content"]


def test_test_tells_the_command(shop: Shop) -> None:
    assert "pytest" in (said := shop.dry("test", "--unit", "-k", "nothing").stdout)
    assert "-k nothing" in said


def test_mcp_serves_nothing(shop: Shop) -> None:
    assert "upready mcp" in shop.dry("mcp").stdout


def test_watch_tells_what_it_would_do(shop: Shop) -> None:
    shop.invoke("env.init")
    assert shop.dry("watch").returncode == 2, "there is no rule"
    rule = "{action: rebuild, path: ./web}"
    (shop.root / "compose.yaml").write_text(f"{COMPOSE}    develop: {{watch: [{rule}]}}\n    build: .\n", "utf-8")
    (step,) = shop.plan("watch")["plan"]
    assert (step["step"], step["of"]) == ("watch", ["web"])


def test_stop_tells_what_it_would_stop(shop: Shop) -> None:
    assert shop.plan("stop", "--runtime", "native")["plan"] == []


@pytest.mark.parametrize("task", ["config", "env.check", "health"])
def test_what_only_reads_just_runs(shop: Shop, task: str) -> None:
    (shop.root / ".env").write_text(f"TAG=1\nSECRET={'x9K' * 8}\n", encoding="utf-8")
    told, dry = shop.invoke(task), shop.dry(task)
    assert (dry.returncode, dry.stdout, dry.stderr) == (told.returncode, told.stdout, told.stderr)


def test_every_task_that_changes_something_is_tried_here() -> None:
    tried = {
        "dev",
        "prod",
        "rollback",
        "unlock",
        "nodes",
        "backup",
        "restore",
        "upgrade",
        "restart",
        "build",
        "stop",
        "watch",
        "exec",
        "shell",
        "psql",
        "open",
        "init",
        "env.init",
        "env.set",
        "mcp",
    }
    assert {name for name in ns.task_names if not ns[name].prints} == tried
