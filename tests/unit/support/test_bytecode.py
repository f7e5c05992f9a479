"""Compiled modules of the library are kept, for speed, but never in the project that it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engine.conftest import write_tasks
from upready.support import bytecode, places

pytestmark = pytest.mark.costly

LIST = [sys.executable, "-m", "invoke", "--list"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's project, with a library of its own, and a cache of its own."""
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "own"))
    for name in ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"):  # `invoke test` sets the one for the other
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project").mkdir()
    write_tasks(tmp_path / "project")
    shutil.copytree(ROOT / "upready" / "src", tmp_path / "library", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "library"))
    return tmp_path / "project"


def kept(root: Path) -> set[str]:
    """The modules that are kept compiled below a folder."""
    return {each.name.partition(".")[0] for each in root.rglob("*.pyc")}


def test_they_are_kept_outside_and_used(project: Path, tmp_path: Path) -> None:
    before = sorted(project.rglob("*"))
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    assert sorted(project.rglob("*")) == before
    assert {"positional", "prod"} <= kept(tmp_path / "own" / "cache")
    # Only ours: other packages keep their own where they are.
    assert "collection" not in kept(tmp_path / "own")

    # One that is not found there would be compiled and written once more; those that made the folder, the second time.
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    assert "folders" in kept(tmp_path / "own" / "cache")
    times = {each: each.stat().st_mtime_ns for each in (tmp_path / "own").rglob("*.pyc")}
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    assert {each: each.stat().st_mtime_ns for each in (tmp_path / "own").rglob("*.pyc")} == times


def test_a_changed_module_is_compiled_again(project: Path, tmp_path: Path) -> None:
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    with (tmp_path / "library" / "upready" / "cli" / "positional.py").open("a", encoding="utf-8") as file:
        file.write("\nraise SystemExit('changed')\n")
    done = subprocess.run(LIST, cwd=project, check=False, capture_output=True, text=True)
    assert "changed" in done.stderr


def test_where_nothing_can_be_kept_the_tasks_work(project: Path, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file, not a folder", encoding="utf-8")
    before = sorted(project.rglob("*"))
    done = subprocess.run(LIST, cwd=project, check=True, capture_output=True, text=True)
    assert "health" in done.stdout
    assert sorted(project.rglob("*")) == before


def test_one_that_a_full_disk_has_cut_is_made_again(project: Path, tmp_path: Path) -> None:
    subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    whole = {each: each.stat().st_size for each in (tmp_path / "own").rglob("*.pyc")}
    assert whole
    for each, size in whole.items():
        with each.open("r+b") as file:
            file.truncate(size // 2)
    done = subprocess.run(LIST, cwd=project, check=True, capture_output=True, text=True)
    assert "health" in done.stdout
    assert {each: each.stat().st_size for each in whole} == whole


def test_one_that_is_cut_as_it_is_written_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_: SourceFileLoader, path: str, data: bytes, *, _mode: int) -> None:
        Path(path).write_bytes(data[:-1])

    monkeypatch.setattr(SourceFileLoader, "set_data", cut)
    bytecode._Loader("it", "it.py").set_data(str(tmp_path / "a" / "it.pyc"), b"compiled")
    assert list(tmp_path.rglob("*.pyc")) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_may_change_or_read_them_whatever_the_umask(project: Path, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        subprocess.run(LIST, cwd=project, check=True, capture_output=True)
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o077 for each in (tmp_path / "own").rglob("*")} == {0}


@pytest.mark.parametrize("before", [True, False])
def test_for_the_users_own_modules_it_is_as_before(project: Path, tmp_path: Path, before: bool) -> None:
    """Where Python was told to keep nothing, as invoke tells it, nothing of the user's is kept beside it."""
    (project / "shop.py").write_text("", encoding="utf-8")
    code = f"import sys; sys.dont_write_bytecode = {before}; sys.path.insert(0, '')\n"
    code += "from upready.tasks import ns\nimport shop; print(sys.dont_write_bytecode)"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, check=True, capture_output=True, text=True)
    assert done.stdout == f"{before}\n"
    assert ("shop" in kept(project)) is not before
    assert "command" in kept(tmp_path / "own")


def test_a_folder_that_may_not_be_looked_at_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError("closed")

    monkeypatch.setenv(places.VARIABLE, "/closed/folder")
    monkeypatch.setattr(Path, "is_dir", refuse)
    assert bytecode.folder() == ""
