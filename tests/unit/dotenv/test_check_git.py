"""A `.env` that git tracks, or would pick up with everything else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack
from upready.support import platform

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
        pytest.param("A_SECRET=sparrow-hawkish-goes-here\n", id="a placeholder of other words"),
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
    repository("add", ".env")
    assert found_by("tracked", env, schema=f"A_TOKEN={REAL}\n") == []


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


def test_what_a_user_reads_of_one_that_is_not_ignored(
    told_by: Callable[..., list[tuple[str, str, str]]], repository: Callable[..., None]
) -> None:
    assert told_by("ignored", "A=1\n") == [
        (".env is not ignored by git", "the next `git add .` publishes it", "add .env to .gitignore")
    ]


def test_what_a_user_reads_of_one_that_is_tracked(
    told_by: Callable[..., list[tuple[str, str, str]]], repository: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    repository("add", ".env")
    assert told_by("tracked", f"A_TOKEN={REAL}\nB=1\nC_TOKEN={REAL[::-1]}\nD_TOKEN=changeme\n") == [
        (
            ".env is tracked by git",
            "every clone has its secrets (A_TOKEN, C_TOKEN)",
            "add .env to .gitignore, change the secrets that were in it, then: git rm --cached .env",
        )
    ]


def test_a_secret_of_the_shell_is_in_no_file(
    found_by: Callable[..., list[str]], repository: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    repository("add", ".env")
    monkeypatch.setenv("A_TOKEN", REAL)
    assert found_by("tracked", "B=1\n", schema="A_TOKEN=\n") == []


def test_words_and_the_name_of_the_folder_are_no_secret(
    found_by: Callable[..., list[str]], repository: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-8")
    repository("add", ".env")
    longest = max(re.split(r"\W|_", tmp_path.name), key=len)
    assert found_by("tracked", f"A_TOKEN={longest}-secret-{longest}\n") == []
    assert found_by("tracked", f"A_TOKEN={longest}-sparrow-{longest}\n") == ["0:0 error"]


def test_no_file_is_not_ignored(found_by: Callable[..., list[str]], repository: Callable[..., None]) -> None:
    assert found_by("ignored", None, compose="services: {a: {build: .}}\n") == []


SENT = ".env is sent to the image build"
COPIED = "a `COPY . .` puts its secrets into an image"


def test_an_image_build_that_takes_it_along(told_by: Callable[..., list[tuple[str, str, str]]], tmp_path: Path) -> None:
    compose = "services: {a: {build: .}, b: {build: .}, c: {build: ./sub}}\n"
    (tmp_path / "sub").mkdir()
    assert told_by("ignored", "A=1\n", compose=compose) == [(SENT, COPIED, "add .env to .dockerignore")]
    (tmp_path / ".dockerignore").write_text("*.md\n.env\n", encoding="utf-8")
    assert told_by("ignored", "A=1\n", compose=compose) == []


def test_each_image_build_has_rules_of_its_own(
    told_by: Callable[..., list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "sub").mkdir()
    builds = "a: {build: {context: ., dockerfile: A}}, b: {build: {context: ., dockerfile: B}}"
    compose = f"services: {{c: {{build: ./sub}}, {builds}}}\n"
    for name in ("A", "B"):
        (tmp_path / f"{name}.dockerignore").write_text("*.md\n", encoding="utf-8")
    fixes = {"add .env to A.dockerignore", "add .env to B.dockerignore"}
    assert {each[2] for each in told_by("ignored", "A=1\n", compose=compose)} == fixes


def test_rules_of_several_image_builds_are_told_once(
    told_by: Callable[..., list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    builds = [f"{name}: {{build: {{context: ., dockerfile: {name.upper()}}}}}" for name in "abc"]
    (tmp_path / "C.dockerignore").write_text("*.md\n", encoding="utf-8")
    found = told_by("ignored", "A=1\n", compose=f"services: {{{', '.join(builds)}}}\n")
    assert sorted(each[2] for each in found) == ["add .env to .dockerignore", "add .env to C.dockerignore"]


@pytest.mark.skipif(platform.WINDOWS, reason="modes say nothing there")
def test_what_is_tracked_is_open_to_all_anyway(
    make_stack: Callable[..., Stack], repository: Callable[..., None]
) -> None:
    stack = make_stack("A=1\n")
    stack.env_file.chmod(0o644)
    assert "permissions" in {each.check for each in check(stack)}
    repository("add", ".env")
    assert "permissions" not in {each.check for each in check(stack)}
