"""The script of the composite action for GitHub, with what a runner gives it, on stacks that run natively."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

ACTION = ROOT / ".github" / "actions" / "upready"

STACK = """
services:
  web:
    image: web
    x-ops: {stable: 0, native: {command: ["{python}", -u, main.py]}}
"""

pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="needs bash")

Act = Callable[..., tuple[subprocess.CompletedProcess[str], dict[str, str]]]


@pytest.fixture
def act(root: Path, tmp_path: Path) -> Any:
    """Run the action in a project whose one service is this program; gives what it printed, and its outputs."""
    outputs, environment = tmp_path / "outputs", {**os.environ, "DOCKER_HOST": "unix:///nonexistent.sock"}
    command = f"{sys.executable} -m upready"

    def run(program: str, arguments: str = "") -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        (root / "compose.yaml").write_text(STACK, encoding="utf-8")
        (root / "main.py").write_text(program, encoding="utf-8")
        runner = {"RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(outputs), "GITHUB_WORKSPACE": str(root.parent)}
        given = {"UPREADY_COMMAND": command, "UPREADY_TASK": "dev", "UPREADY_ARGUMENTS": arguments}
        done = subprocess.run(
            ["bash", str(ACTION / "run.sh")],
            cwd=root,
            env={**environment, **runner, **given},
            capture_output=True,
            encoding="utf-8",
        )
        told = dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines())
        return done, told

    yield run
    subprocess.run([sys.executable, "-m", "upready", "stop"], cwd=root, env=environment, check=True)


def commands(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The workflow commands that a runner would hear: none between `stop-commands` and its token."""
    heard, token = [], ""
    for line in done.stdout.splitlines():
        if token:
            token = "" if line == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
        elif line.startswith("::"):
            heard.append(line)
    assert token == "", done.stdout
    return heard


def test_failing_line_is_annotated(act: Act, root: Path) -> None:
    done, outputs = act("import os\nprint('::error::not mine', flush=True)\nos.environ['SHOP' + '_KEY']\n")
    assert done.returncode == int(outputs["exit-code"]) != 0, done.stderr
    (annotation,) = commands(done)
    assert annotation.startswith(f"::error file={root.name}/main.py,line=3,title=web%3A "), annotation
    assert "SHOP_KEY" in annotation
    assert json.loads(Path(outputs["result"]).read_text("utf-8"))["error"]["code"] == done.returncode
    assert "not mine" in Path(outputs["folder"], "logs.txt").read_text("utf-8")


def test_good_stack_has_no_annotation(act: Act) -> None:
    done, outputs = act("import time; time.sleep(600)\n", arguments="--timeout 60s")
    assert (done.returncode, outputs["exit-code"], commands(done)) == (0, "0", []), done.stderr


def test_wrong_argument_is_told(act: Act) -> None:
    done, outputs = act("", arguments="--timeout soon")
    assert outputs["exit-code"] == "2"
    (annotation,) = commands(done)
    assert annotation.startswith("::error title=upready%3A usage::--timeout")


def test_arguments_may_stand_on_several_lines(act: Act) -> None:
    done, outputs = act("", arguments="--no-build\n--timeout soon\n")
    assert outputs["exit-code"] == "2", done.stderr
    (annotation,) = commands(done)
    assert annotation.startswith("::error title=upready%3A usage::--timeout")


def test_inputs_reach_the_script_as_variables_only() -> None:
    described = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    run = described["runs"]["steps"][0]
    assert described["runs"]["using"] == "composite"
    assert "${{" not in run["run"]
    assert set(run["env"]) == {"UPREADY_COMMAND", "UPREADY_TASK", "UPREADY_ARGUMENTS"}
    assert all(name in described["inputs"] for name in ("command", "task", "arguments", "working-directory", "logs"))
