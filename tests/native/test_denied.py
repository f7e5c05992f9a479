"""A user who may not use the engine that is there: no task takes that for a machine without one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import unique_name
from tests.engine.conftest import write_tasks

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a Unix socket, and its mode")

STACK = """
services:
  web:
    image: debian:trixie-slim
    x-ops: {stable: 0.1, native: {command: ["{python}", -c, "import time; time.sleep(600)"]}}
"""


@pytest.fixture
def powerless() -> list[str]:
    """What to put before a command so that a file's mode counts, for root too."""
    if os.geteuid():
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may open everything, and there is no setpriv to take that away")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@pytest.fixture
def closed() -> Iterator[Path]:
    """An engine's socket that nobody may open; its path is short, as a socket's must be."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as listening:
        path = Path(folder, "docker.sock")
        listening.bind(str(path))
        listening.listen()
        path.chmod(0)
        yield path


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize(
    "words",
    ["dev", "prod", "restart", "stop", "health", "status", "logs", "diagnose", "exec web -- true", "doctor", "build"],
)
def test_every_task_tells_the_command_that_mends_it(
    tmp_path: Path, powerless: list[str], closed: Path, words: str
) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    write_tasks(root)
    (root / "compose.yaml").write_text(STACK, encoding="utf-8")
    files = "{files: [compose.yaml]"
    (root / "invoke.yaml").write_text(
        f"ops: {{environments: {{dev: {files}}}, prod: {files}, strict: true}}}}}}\n", encoding="utf-8"
    )
    shell = {**os.environ, "DOCKER_HOST": f"unix://{closed}", "COMPOSE_PROJECT_NAME": unique_name("denied")}
    line = [*powerless, sys.executable, "-m", "invoke", *words.split()]
    done = subprocess.run(line, cwd=root, env=shell, capture_output=True, encoding="utf-8", timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert "usermod -aG" in said
    assert str(closed) in said
    assert "Traceback" not in said
    if words == "dev":
        assert "invoke dev --runtime native" in said
