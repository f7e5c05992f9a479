"""What `next:` says is followed word for word, in a shell, with the real tasks: the error is gone then, or another.

A case breaks a project, types a command, and types what `next:` says behind its last `: `. No engine is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from upready.report import called_as

BIN = Path(sys.executable).parent
COMPOSE = "services:\n  web:\n    image: python:3.13-slim\n    environment:\n      PORT: ${WEB_PORT:-8000}\n"
EXAMPLE = "# @required @type=port\nWEB_PORT=8000\n# @required @sensitive\nDB_PASSWORD=\n"
ENV = "WEB_PORT=8000\nDB_PASSWORD=q6xCjmMtnGt9LR8jGDL1\n"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="types into a POSIX shell")


@dataclass(frozen=True)
class Case:
    """A command that fails.

    Attributes:
        typed: The command.
        next: The step that it must tell; the command is what stands behind the last `: `.
        gone: Whether the step, or the same command after it, ends with 0; else only its error must be another one.
        files: What is in the folder besides the usual, or instead of it; None removes a file.
        then: What a person does before: files that are written.
        shell: Variables that are set in the shell.
        answer: What is typed where a value is asked for.
        after: What is typed behind the step, where that alone only prepares it.
    """

    typed: str
    next: str
    gone: bool = True
    files: dict[str, str | None] = field(default_factory=dict)
    then: dict[str, str] = field(default_factory=dict)
    shell: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    after: str = ""


CASES = {
    "task": Case("invoke stpo", "invoke --list"),
    "option": Case("invoke config --enviroment dev", "invoke --help config"),
    "environment": Case("invoke config --env dve", "invoke config --env dev"),
    "time": Case("invoke logs --since never", "invoke logs --since 10m", gone=False),
    "regular expression": Case("invoke logs --grep '(a'", "invoke logs --grep '\\(a'", gone=False),
    "seconds": Case("invoke dev --timeout soon", "invoke dev --timeout 90s", gone=False),
    "no .env": Case(
        "invoke env.diff --with b.env",
        "invoke env.init",
        files={".env": None, "b.env": ENV},
        after="invoke env.diff --with b.env",
    ),
    "name of a variable": Case("invoke env.set web-port=1", "invoke env.set WEB_PORT", answer="8001"),
    "secret on the command line": Case(
        "invoke env.set DB_PASSWORD=hunter2hunter2", "invoke env.set DB_PASSWORD", answer="q6xCjmMtnGt9LR8jGDL2"
    ),
    "value of a variable": Case("invoke env.set WEB_PORT=x", "invoke env.set WEB_PORT", answer="8001"),
    "key of compose": Case(
        "invoke config",
        "correct compose.yaml:3, then: invoke config",
        files={"compose.yaml": COMPOSE.replace("image", "imgae")},
        then={"compose.yaml": COMPOSE},
    ),
    "setting of the tasks": Case(
        "invoke config",
        "correct invoke.yaml:1, then: invoke config",
        files={"invoke.yaml": "ops: {runtme: auto}\n"},
        then={"invoke.yaml": "ops: {runtime: auto}\n"},
    ),
    "setting of the shell": Case(
        "invoke config", "unset INVOKE_OPS_RUNTIME", shell={"INVOKE_OPS_RUNTIME": "dokcer"}, after="invoke config"
    ),
    "folder": Case(
        "upready config",
        "cd below && upready config",
        files={"compose.yaml": None, ".env": None, ".env.example": None, "below/compose.yaml": COMPOSE},
    ),
    "a link to no folder": Case(
        "ln -sf gone/.env .env; invoke env.init", "mkdir -p gone", files={".env": None}, after="invoke env.init"
    ),
    "a folder called .env": Case(
        "invoke env.check", "mv .env .env.old", files={".env": None, ".env/x": ""}, after="invoke env.init"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "tasks.py": "from upready.tasks import ns\n",
        "compose.yaml": COMPOSE,
        ".env.example": EXAMPLE,
        ".env": ENV,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def write(folder: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        place = folder / name
        place.unlink(missing_ok=True)
        if text is not None:
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")


@pytest.fixture
def type_in(folder: Path) -> Callable[[Case, Sequence[str]], subprocess.CompletedProcess[str]]:
    """Types lines into one shell, in the project's folder, on a machine without an engine."""
    kept = {name: value for name, value in os.environ.items() if name not in (called_as.VARIABLE, "UV")}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"

    def run(case: Case, lines: Sequence[str]) -> subprocess.CompletedProcess[str]:
        env = {**kept, "DOCKER_HOST": f"unix://{folder}/gone.sock", "PATH": path, **case.shell}
        return subprocess.run(
            ["sh", "-c", "\n".join(lines)],
            cwd=folder,
            env=env,
            input=case.answer,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.mark.nightly(day=6)
@pytest.mark.costly
@pytest.mark.parametrize("name", CASES)
def test_the_step_helps(
    name: str, folder: Path, type_in: Callable[[Case, Sequence[str]], subprocess.CompletedProcess[str]]
) -> None:
    case = CASES[name]
    write(folder, case.files)
    failed = type_in(case, [case.typed])
    told = failed.stderr.splitlines()
    steps = [line.removeprefix("next: ").removeprefix("  or: ") for line in told if line[:6] in ("next: ", "  or: ")]
    assert failed.returncode != 0
    assert steps[:1] == [case.next], failed.stderr
    write(folder, dict(case.then))
    done = type_in(case, [case.next.rpartition(": ")[2], case.after])
    if case.gone:
        assert done.returncode == 0, done.stderr
    else:
        assert done.stderr.splitlines()[:1] != told[:1]
