"""Which commit is checked out, asked of the real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.conftest import MakeStack
from upready.stack import revision


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit of a known time."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "OPS_REVISION", "OPS_CREATED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "tracked").write_text("one", encoding="utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "tracked")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"]
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05+00:00")
    git(tmp_path, *identity, "commit", "--quiet", "--message", "First")
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True, encoding="utf-8")
    return done.stdout.strip()


def test_the_commit_and_its_time(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    found = revision.describe(repository)
    assert found["OPS_REVISION"] == commit
    assert found["OPS_CREATED"].replace("Z", "+00:00") == "2026-01-02T03:04:05+00:00"
    # A file that git does not know changes no image's commit.
    (repository / "untracked").touch()
    assert revision.describe(repository)["OPS_REVISION"] == commit


def test_changed_files_make_it_dirty(repository: Path) -> None:
    (repository / "tracked").write_text("two", encoding="utf-8")
    assert revision.describe(repository)["OPS_REVISION"] == git(repository, "rev-parse", "HEAD") + "-dirty"


def test_nothing_without_a_commit_or_a_repository_or_git(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = repository / "empty"
    inner.mkdir()
    git(inner, "init", "--quiet")
    assert revision.describe(inner) == {}
    assert revision.describe(tmp_path.parent) == {}
    monkeypatch.setenv("PATH", "")
    assert revision.describe(repository) == {}


def test_what_the_shell_sets_is_kept(repository: Path, make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = make_stack("services: {a: {image: x}}\n", profiles=["p"], variables={"p": {"A": "b"}})
    assert set(revision.stamp(stack, revision.describe(stack.root)).variables) == {"A", "OPS_REVISION", "OPS_CREATED"}
    monkeypatch.setenv("OPS_REVISION", "given")
    assert set(revision.stamp(stack, revision.describe(stack.root)).variables) == {"A", "OPS_CREATED"}
    # Set to nothing is not set: the label would be empty.
    monkeypatch.setenv("OPS_REVISION", "")
    assert "OPS_REVISION" in revision.stamp(stack, revision.describe(stack.root)).variables
