"""A `.env` that git tracks, or would pick up with everything else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.costly

REAL = "q6xCjmMtnGt9LR8jGDL1"


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., None]:
    """Run git in the project; it begins as a repository that ignores nothing."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    return git


def test_outside_a_repository_nothing_is_said(found_by: Callable[..., list[str]]) -> None:
    assert found_by("tracked", "A_TOKEN=x\n") == []
    assert found_by("ignored", "A_TOKEN=x\n") == []


def test_not_ignored(found_by: Callable[..., list[str]], repository: Callable[..., None]) -> None:
    assert found_by("ignored", "A=1\n") == ["0:0 warning"]
    assert found_by("tracked", "A=1\n") == []


def test_ignored(found_by: Callable[..., list[str]], repository: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".env\n", encoding="utf-8")
    assert found_by("ignored", "A=1\n") == []


def test_tracked(found_by: Callable[..., list[str]], repository: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    repository("add", ".env")
    assert found_by("tracked", f"A_TOKEN={REAL}\n") == ["0:0 error"]
    assert found_by("ignored", f"A_TOKEN={REAL}\n") == []


@pytest.mark.parametrize(
    "env",
    [
        pytest.param("A=1\n", id="no secret"),
        pytest.param("A_SECRET=changethis\n", id="a placeholder"),
        pytest.param("DB_PASSWORD=postgres\n", id="a password that everybody knows"),
        pytest.param("ERLANG_COOKIE=secret-erlang-cookie\n", id="words"),
        pytest.param("SECRET_KEY=app-secret-key\n", id="the name of a service, and words"),
        pytest.param("MYSQL_RANDOM_ROOT_PASSWORD=yes\n", id="a switch"),
        pytest.param("DB_USER=taiga\nSECRET_KEY=taiga-secret-key\n", id="a user's name, and words"),
        pytest.param(f"A_TOKEN={REAL}\n", id="the example's own"),
    ],
)
def test_defaults_that_everybody_knows_are_tracked_on_purpose(
    found_by: Callable[..., list[str]], repository: Callable[..., None], tmp_path: Path, env: str
) -> None:
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)
    repository("add", ".env")
    assert found_by("tracked", env, schema=f"A_TOKEN={REAL}\n") == []
    assert found_by("permissions", env) == []


def test_tracked_although_ignored(
    found_by: Callable[..., list[str]], repository: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / ".gitignore").write_text(".env\n", encoding="utf-8")
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    repository("add", "--force", ".env")
    assert found_by("tracked", f"A_TOKEN={REAL}\n") == ["0:0 error"]


def test_a_machine_without_git(found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert found_by("ignored", "A=1\n") == []
