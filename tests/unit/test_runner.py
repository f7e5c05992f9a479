"""`tests/runner.py`: the command that runs the tests, with or without what they need."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import runner
from upready.support.errors import UsageError


def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)


def test_the_python_at_hand_runs_them_where_it_has_what_they_need(tmp_path: Path) -> None:
    line = runner.command(tmp_path, mark="not engine", name="lock", jobs="2", more=["-x"])
    assert line == [
        sys.executable,
        "-m",
        "upready.support.streams",
        "pytest",
        "-n",
        "2",
        "-m",
        "not engine",
        "-k",
        "lock",
        "-x",
    ]


def test_uv_brings_what_they_need_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch)
    monkeypatch.setenv("UV", "/somewhere/uv")
    line = runner.command(tmp_path)
    assert line[:7] == ["/somewhere/uv", "run", "--project", str(tmp_path), "--group", "test", "python"]
    assert line[7:] == ["-m", "upready.support.streams", "pytest", "-n", "auto", "--quick"]


def test_without_uv_the_next_step_installs_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch)
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="pytest") as caught:
        runner.command(tmp_path)
    assert caught.value.next.endswith(f"-m pip install -r {tmp_path / 'requirements' / 'test.txt'}")


def test_the_table_of_faults_is_run_whole_and_written(tmp_path: Path) -> None:
    line = runner.command(tmp_path, faults=True)
    assert line[-6:-3] == ["--all-faults", "--faults-json", "faults.json"]
    assert line[-3:] == ["--faults-page", "docs/faults.html", "tests/faults"]


def test_modules_are_mutated_by_a_python_that_has_what_that_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch)
    monkeypatch.setenv("UV", "/somewhere/uv")
    line = runner.mutants(tmp_path, jobs="1", modules=["logs/merge.py"])
    groups = ["--group", "test", "--group", "mutants"]
    assert line[:8] == ["/somewhere/uv", "run", "--project", str(tmp_path), *groups]
    assert line[8:] == ["python", "-m", "upready.support.streams", "tests.mutants.play", "--jobs", "1", "logs/merge.py"]


def test_what_python_compiles_is_kept_also_where_nothing_may_be_written_beside_the_sources(tmp_path: Path) -> None:
    given = {"PATH": "p", "PYTHONDONTWRITEBYTECODE": "1"}
    kept = runner.environment(tmp_path, given)
    line = "import sys; print(sys.dont_write_bytecode, sys.pycache_prefix)"
    said = subprocess.run([sys.executable, "-c", line], env=kept, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["False", str(tmp_path / ".pytest_cache" / "bytecode")]
    assert runner.environment(tmp_path, {"PATH": "p"}) == {"PATH": "p"}
