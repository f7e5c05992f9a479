"""Files of a container as the user has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.replicas import service
from upready.stack import source_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of two services, each with a `main.py`, and one with `app/main.py`."""
    for name in ("api/app/main.py", "api/app/db.py", "worker/main.py", "node_modules/main.py", "tool.mjs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\nimport os\n", encoding="utf-8")
    return tmp_path


def test_a_mount_tells(root: Path) -> None:
    mounts = [(str(root / "worker"), "/srv")]
    assert source_files.find("/srv/main.py", root, service(), mounts) == "worker/main.py"
    # A file that is mounted by itself.
    assert source_files.find("/run.mjs", root, service(), [(str(root / "tool.mjs"), "/run.mjs")]) == "tool.mjs"


def test_what_is_watched_tells(root: Path) -> None:
    watch = {"watch": [{"action": "sync", "path": "./api", "target": "/code"}]}
    assert source_files.find("/code/app/db.py", root, service(develop=watch)) == "api/app/db.py"


def test_the_longest_end_that_one_file_has(root: Path) -> None:
    assert source_files.find("/app/app/main.py", root, service()) == "api/app/main.py"
    assert source_files.find("/usr/src/db.py", root, service()) == "api/app/db.py"


def test_of_several_the_one_that_says_so(root: Path) -> None:
    assert source_files.find("/code/main.py", root, service()) == "/code/main.py"
    assert source_files.find("/code/main.py", root, service(), line=1, code="# worker/main.py") == "worker/main.py"
    built = service(build={"context": str(root / "worker")})
    assert source_files.find("/code/main.py", root, built) == "worker/main.py"


def test_what_is_not_of_the_project(root: Path) -> None:
    assert source_files.find("/usr/lib/other.py", root, service()) == "/usr/lib/other.py"
    # Without an engine, a program's files are those of this machine.
    assert source_files.find(str(root / "tool.mjs"), root, service()) == "tool.mjs"
