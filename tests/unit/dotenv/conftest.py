"""Projects to check: a compose file, a schema and a `.env` in a folder; compose itself reads them, no engine needed."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from invoke.program import Program

from upready import report
from upready.commands import invocation
from upready.dotenv import Finding, check, usages
from upready.stack.selection import Stack
from upready.support import process, signals

ROOT = Path(__file__).resolve().parents[3]

COMPOSE = """\
services:
  app:
    image: app
"""

MakeStack = Callable[..., Stack]


@pytest.fixture(autouse=True)
def _quiet_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell says would win over any `.env`."""
    for name in ("COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME", "DEBUG"):
        monkeypatch.delenv(name, raising=False)
    # Nor does it matter what the engine of this machine holds: env.init asks whether there are data already.
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


_MERGED: dict[str, process.Result] = {}


@pytest.fixture(autouse=True)
def _merged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let compose merge the same compose file only once: it would answer each of 300 cases the same, in 50 ms."""
    merge = usages.merge

    def remembered(stack: Stack) -> process.Result:
        file = stack.root / "compose.yaml"
        text = file.read_text("utf-8") if stack.files == (file,) and file.is_file() else ""
        # What names other files is read anew.
        if stack.variables or not text or re.search("include|extends|build|env_file", text):
            return merge(stack)
        if text not in _MERGED:
            _MERGED[text] = merge(stack)
        return _MERGED[text]

    monkeypatch.setattr(usages, "merge", remembered)


@pytest.fixture
def make_stack(tmp_path: Path) -> MakeStack:
    """Write a project's files and give its stack."""

    def make(
        env: str | bytes | None = "",
        *,
        schema: str | None = None,
        compose: str = COMPOSE,
        environment: str = "dev",
        strict: bool = False,
        variables: dict[str, str] | None = None,
    ) -> Stack:
        (tmp_path / "compose.yaml").write_text(compose, encoding="utf-8")
        if schema is not None:
            (tmp_path / ".env.example").write_bytes(schema.encode())
        if env is not None:
            (tmp_path / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
            (tmp_path / ".env").chmod(0o600)
        return Stack(
            root=tmp_path,
            environment=environment,
            files=(tmp_path / "compose.yaml",),
            profiles=(),
            project="checked",
            variables=variables or {},
            strict=strict,
        )

    return make


@pytest.fixture
def found_by(make_stack: MakeStack) -> Callable[..., list[str]]:
    """What one check finds in a project that is written for it, as lines: `found_by("empty", env, schema=…)`.

    A line is `line:column severity VARIABLE`, with the file in front where it is not `.env`.
    """

    def find(name: str, env: str | bytes | None = "", **how: object) -> list[str]:
        return [line(each) for each in check(make_stack(env, **how)) if each.check == name]

    def line(each: Finding) -> str:
        place = f"{each.line}:{each.column}"
        file = "" if each.file == ".env" else f"{each.file}:"
        return f"{file}{place} {each.severity} {each.variable}".rstrip()

    return find


@pytest.fixture
def told_by(make_stack: MakeStack) -> Callable[..., list[tuple[str, str, str]]]:
    """What a user reads of what one check finds: message, reason and fix; takes what `found_by` does."""

    def tell(name: str, env: str | bytes | None = "", **how: object) -> list[tuple[str, str, str]]:
        found = check(make_stack(env, **how))
        return [(each.message, each.why, each.fix) for each in found if each.check == name]

    return tell


@dataclass(frozen=True)
class Run:
    """How a task ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


Invoke = Callable[..., Run]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a task as `invoke` does, in a project that has only its own files and `tasks.py`: `invoke("env.check")`.

    In this process, which is several times as fast as one of its own; the streams are pipes, as in a script.
    """
    (tmp_path / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")

    def run(*arguments: str, stdin: bytes | None = b"", **env: str) -> Run:
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            for name in [each for each in os.environ if each.startswith(("COMPOSE_", "INVOKE_"))]:
                patch.delenv(name)
            for name, value in {"NO_COLOR": "1", **env}.items():
                patch.setenv(name, value)
            patch.chdir(tmp_path)
            patch.setattr(tempfile, "tempdir", None)
            patch.setattr(sys, "argv", ["invoke", *arguments])
            patch.setattr(sys, "path", [*sys.path])
            patch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
            patch.setattr(sys, "stdin", None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
            # Named, so that they live, and their buffers with them, until these have been read.
            stdout = io.TextIOWrapper(out, "utf-8", write_through=True)
            stderr = io.TextIOWrapper(err, "utf-8", write_through=True)
            patch.setattr(sys, "stdout", stdout)
            patch.setattr(sys, "stderr", stderr)
            # What a task changes for the rest of its process.
            patch.setattr(signals, "interrupt", lambda: None)
            patch.setattr(signals, "leave", lambda _: None)
            patch.setattr(process, "tell", None)
            patch.setattr(invocation, "_root", tmp_path)
            patch.delitem(sys.modules, "tasks", raising=False)
            report.console.cache_clear()
            report.errors.cache_clear()
            code: int | str | None = 0
            try:
                Program().run(["invoke", *arguments])
            except SystemExit as ended:
                code = ended.code
            finally:
                report.console.cache_clear()
                report.errors.cache_clear()
        assert isinstance(code, int)
        return Run(code, out.getvalue().decode(), err.getvalue().decode())

    return run
