"""Who else mentions a variable: asked of git where there is one, and of the folder where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.dotenv.conftest import MakeStack
from upready.dotenv import mentions
from upready.support import platform

NAME = "SHOP_PAGE_SIZE"

CASES = [
    pytest.param("app.py", 'os.environ["SHOP_PAGE_SIZE"]', True, id="code"),
    pytest.param("settings.py", "shop_page_size: int", True, id="in small letters"),
    pytest.param("settings.py", 'env_prefix="SHOP_"', True, id="a prefix"),
    pytest.param("app.js", "process.env[`SHOP_PAGE_${what}`]", True, id="a longer prefix"),
    pytest.param("app.py", "SHOP_PAGE_SIZES, MY_SHOP_PAGE_SIZE", False, id="other names"),
    pytest.param("README.md", "set SHOP_PAGE_SIZE", True, id="documents"),
    pytest.param("compose.extra.yml", "services: {x: {image: 'x:${SHOP_PAGE_SIZE}'}}", True, id="another compose file"),
    pytest.param("compose.extra.yml", "services: {x: {image: x, env_file: .env}}", True, id="which gets all"),
    pytest.param("Makefile", "-include .env\nexport", True, id="a Makefile that takes in all"),
    pytest.param("run.sh", "set -a; . ./.env; exec app", True, id="a script that takes in all"),
    pytest.param("run.sh", "docker run --env-file .env app", True, id="a container that gets all"),
    pytest.param("run.sh", "docker compose --env-file .env up", False, id="compose, which takes what it needs"),
    pytest.param("README.md", "cp .env.example .env", False, id="how it is made"),
    pytest.param(".env.dist", "SHOP_PAGE_SIZE=", False, id="another example"),
    pytest.param("data.bin", "SHOP_PAGE_SIZE\0", False, id="no text"),
]


@pytest.mark.parametrize("git", [True, False])
@pytest.mark.parametrize(("file", "text", "mentioned"), CASES)
def test_a_name_is_mentioned(
    make_stack: MakeStack, tmp_path: Path, file: str, text: str, mentioned: bool, git: bool
) -> None:
    stack = make_stack(f"{NAME}=1\n", schema=f"{NAME}=1\n")
    (tmp_path / file).write_text(text, encoding="utf-8")
    if git:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert mentions.look(stack, {NAME}).of(NAME) == mentioned


def test_the_whole_repository_counts(make_stack: MakeStack, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "ci.yml").write_text(NAME, encoding="utf-8")
    stack = make_stack("", schema=f"{NAME}=1\n")
    inner = tmp_path / "deploy"
    inner.mkdir()
    for name in ("compose.yaml", ".env.example", ".env"):
        (tmp_path / name).rename(inner / name)
    stack = type(stack)(**{**stack.__dict__, "root": inner, "files": (inner / "compose.yaml",)})
    assert mentions.look(stack, {NAME, "LEFT_OVER"}).names == {NAME}


def test_what_git_ignores_is_nobody_elses(make_stack: MakeStack, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    stack = make_stack("", schema=f"{NAME}=1\n")
    (tmp_path / ".gitignore").write_text("build\n", encoding="utf-8")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "x.js").write_text(NAME, encoding="utf-8")
    assert not mentions.look(stack, {NAME}).of(NAME)


@pytest.mark.skipif(platform.WINDOWS, reason="only some users may make links there")
def test_a_link_counts_as_what_it_leads_to(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(f"{NAME}=1\n", schema=f"{NAME}=1\n")
    (tmp_path / "settings").symlink_to(".env")
    (tmp_path / "loop").symlink_to(".", target_is_directory=True)
    assert mentions.look(stack, {NAME}) == mentions.Mentions()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(NAME, encoding="utf-8")
    assert mentions.look(stack, {NAME}) == mentions.Mentions(frozenset({NAME}))


def test_a_short_name_counts_as_it_is_written(make_stack: MakeStack, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("id = 1\n", encoding="utf-8")
    stack = make_stack("", schema="ID=1\n")
    assert not mentions.look(stack, {"ID"}).of("ID")


def test_a_search_that_takes_too_long_knows_nothing(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentions, "PATIENCE", -1.0)
    stack = make_stack("", schema=f"{NAME}=1\n")
    assert mentions.look(stack, {NAME}, in_repository=False).of(NAME)
