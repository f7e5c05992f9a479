"""Asking git: an answer, or none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from upready.support import git


def test_what_it_answers(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "a").touch()
    found = git.run(tmp_path, "ls-files", "--others")
    assert found is not None
    assert (found.code, found.stdout) == (0, "a\n")
    read = git.run(tmp_path, "hash-object", "--stdin", stdin="x")
    assert read is not None
    assert len(read.stdout.strip()) == 40


def test_what_it_refuses_has_a_code(tmp_path: Path) -> None:
    found = git.run(tmp_path, "nonsense")
    assert found is not None
    assert found.code


def test_no_git_or_no_folder_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git.run(tmp_path / "none", "status") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git.run(tmp_path, "status") is None


@pytest.mark.skipif(os.name != "posix", reason="a script stands in for git")
def test_one_that_does_not_end_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert git.run(tmp_path, "status", timeout=0.2) is None
