"""Compiled modules of the library are kept, for speed, but never in the project that it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ops import folders
from tests.engine.conftest import copy_library

LIST = [sys.executable, "-m", "invoke", "--list"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's project, with the library beside it, and a cache of its own."""
    monkeypatch.setenv(folders.VARIABLE, str(tmp_path / "own"))
    copy_library(tmp_path / "project")
    return tmp_path / "project"


def kept(root: Path) -> set[str]:
    """The modules that are kept compiled below a folder."""
    return {each.name.partition(".")[0] for each in root.rglob("*.pyc")}


def test_they_are_kept_outside_and_used(project: Path, tmp_path: Path) -> None:
    before = sorted(project.rglob("*"))
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    assert sorted(project.rglob("*")) == before
    assert {"cli", "positional"} <= kept(tmp_path / "own" / "cache")
    # Only ours: other packages keep their own where they are.
    assert "collection" not in kept(tmp_path / "own")

    # One that is not found there would be compiled and written once more.
    times = {each: each.stat().st_mtime_ns for each in (tmp_path / "own").rglob("*.pyc")}
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    assert {each: each.stat().st_mtime_ns for each in (tmp_path / "own").rglob("*.pyc")} == times


def test_a_changed_module_is_compiled_again(project: Path) -> None:
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    with (project / "ops" / "positional.py").open("a", encoding="utf-8") as file:
        file.write("\nraise SystemExit('changed')\n")
    done = subprocess.run(LIST, cwd=project, check=False, capture_output=True, text=True)
    assert "changed" in done.stderr


def test_where_nothing_can_be_kept_the_tasks_work(project: Path, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file, not a folder", encoding="utf-8")
    before = sorted(project.rglob("*"))
    done = subprocess.run(LIST, cwd=project, check=True, capture_output=True, text=True)
    assert "health" in done.stdout
    assert sorted(project.rglob("*")) == before
