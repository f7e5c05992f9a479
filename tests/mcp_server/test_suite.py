"""The MCP server's own tests, a file at a time: by this machine's Node, or by one in a container."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, engine_problem
from upready.runtime.native import executables
from upready.support.errors import OpsError

SOURCE = ROOT / "docker" / "mcp-server"

SLOW = {"bombs", "dev", "diagnosis", "drawing", "pool", "repair", "requests", "server", "source"}
"""These take five to thirty seconds each."""

NIGHTLY = {"assign", "bombs", "pool", "repair"}
"""CI has no time for these."""

IMAGE = "node:24-alpine"

Node = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A function that runs Node in a copy of the server's folder, installed and built."""
    folder = tmp_path_factory.mktemp("mcp") / "server"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    line = _node(folder)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*line, *words], cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
        )

    for script in ("install.mjs", "build.mjs"):
        done = run(script)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
    return run


def _node(folder: Path) -> list[str]:
    try:
        return [str(executables.node())]
    except OpsError as error:
        if problem := engine_problem():
            pytest.skip(f"there is no Node ({error.message}), and no engine ({problem})")
    user = ["--user", f"{os.getuid()}:{os.getgid()}", "--env", "HOME=/tmp"] if hasattr(os, "getuid") else []
    return ["docker", "run", "--rm", *user, "--volume", f"{folder}:/server", "--workdir", "/server", IMAGE, "node"]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(
            file.name,
            marks=[
                *([pytest.mark.slow] if file.name.partition(".")[0] in SLOW else []),
                *([pytest.mark.nightly] if file.name.partition(".")[0] in NIGHTLY else []),
            ],
        )
        for file in sorted(SOURCE.glob("test/*.test.mjs"))
    ],
)
def test_of_the_mcp_server(node: Node, file: str) -> None:
    done = node("--test", "--test-reporter=tap", f"test/{file}")
    lines = done.stdout.splitlines()
    failed = [line.strip() for line in lines if line.lstrip().startswith("not ok ")]
    assert done.returncode == 0, "\n".join([*failed, *lines[-200:], done.stderr])
    assert "# pass 0" not in lines
