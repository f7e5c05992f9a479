"""The README's way with plain pip, and its first command without a uv, on a machine without an engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import readme
from tests.conftest import unique_name
from tests.native.conftest import end_all
from tests.readme import Newcomer
from upready.support import platform

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # an installation, and a whole start
    pytest.mark.skipif(platform.WINDOWS, reason="Windows has invoke.cmd"),
    pytest.mark.skipif(not shutil.which("uv"), reason="there is no uv"),
]


@pytest.fixture
def user(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Newcomer]:
    """A newcomer on whose machine no engine answers."""
    own = {"COMPOSE_PROJECT_NAME": unique_name("readme"), "DOCKER_HOST": "unix:///nonexistent.sock"}
    ports = {port: str(free_port()) for port in readme.PORTS}
    made = readme.newcomer(tmp_path, {**os.environ, **own, **ports})
    yield made
    assert end_all(made.clone) == []


@pytest.mark.nightly
def test_with_plain_pip(user: Newcomer) -> None:
    """pip finds what uv has put there already, from its cache, by the same lists: that takes seconds, not minutes."""
    block = next(each for each in readme.blocks((user.clone / "README.md").read_text("utf-8"), "sh") if "pip" in each)
    made, installed, linked, first = block.splitlines()
    assert installed.startswith("pip install -r ")
    user.ok(made)
    lists = installed.removeprefix("pip install ").split()
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", ".venv", *lists], cwd=user.clone, check=True)
    said = user.ok(f". .venv/bin/activate\n{installed}")
    assert "Requirement already satisfied" in said
    assert "Collecting" not in said
    assert user.ok(f". .venv/bin/activate\n{linked}\n{first}").count("http://127.0.0.1:") == 3
    user.ok(". .venv/bin/activate\ninvoke health\ninvoke stop")
    assert user.ok("git status --porcelain") == ""


@pytest.mark.nightly
def test_without_a_uv(user: Newcomer, tmp_path: Path) -> None:
    """The wrapper installs the one that is locked, which then makes the environment."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "sed", "rm", "mkdir", "mv", "git"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "python3").symlink_to(sys.executable)
    alone = Newcomer(user.clone, {**user.environment, "PATH": str(programs)})
    assert alone.type("command -v uv").returncode != 0
    done = alone.type("./invoke --list")
    assert done.returncode == 0, done.stderr
    assert "uv is not installed: version " in done.stderr
    assert "dev" in done.stdout
    assert [each.name for each in (user.clone / ".uv").glob("*/uv")] == ["uv"]
    assert user.ok("git status --porcelain") == ""
