"""What an image build leaves out, as Docker reads `.dockerignore`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv.dockerignore import ignores

BUILD = "services: {app: {build: .}}\n"


@pytest.mark.parametrize(
    ("rules", "path", "ignored"),
    [
        (".env\n", ".env", True),
        ("/.env\n", ".env", True),
        ("./.env\n", ".env", True),
        (".env*\n", ".env", True),
        (".env.*\n", ".env", False),
        ("# .env\n", ".env", False),
        ("*\n", ".env", True),
        ("*\n!.env\n", ".env", False),
        ("!.env\n*\n", ".env", True),
        (".env\n!.env.example\n", ".env", True),
        (".e?v\n", ".env", True),
        (".[de]nv\n", ".env", True),
        (".[^e]nv\n", ".env", False),
        ("**/.env\n", ".env", True),
        ("**/.env\n", "a/b/.env", True),
        ("**\n", "a/.env", True),
        (".env\n", "a/.env", False),
        ("a\n", "a/.env", True),
        ("a/*\n", "a/.env", True),
        ("*/.env\n", "a/.env", True),
        ("*/.env\n", "a/b/.env", False),
        ("a/**\n!a/.env\n", "a/.env", False),
        ("  .env  \n", ".env", True),
        ("[\n", ".env", False),
        ("", ".env", False),
    ],
)
def test_rules(tmp_path: Path, rules: str, path: str, ignored: bool) -> None:
    (tmp_path / ".dockerignore").write_text(rules, encoding="utf-8")
    assert ignores(tmp_path / ".dockerignore", path) == ignored


def test_no_rules_ignore_nothing(tmp_path: Path) -> None:
    assert not ignores(tmp_path / ".dockerignore", ".env")


def test_a_build_of_the_project_folder_gets_the_file(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    assert found_by("ignored", "A=1\n", compose=BUILD) == ["0:0 warning"]
    (tmp_path / ".dockerignore").write_text(".env\n", encoding="utf-8")
    assert found_by("ignored", "A=1\n", compose=BUILD) == []


def test_a_dockerfile_may_have_rules_of_its_own(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text(".env\n", encoding="utf-8")
    (tmp_path / "web.Dockerfile.dockerignore").write_text("docs\n", encoding="utf-8")
    compose = "services: {app: {build: {context: ., dockerfile: web.Dockerfile}}}\n"
    assert found_by("ignored", "A=1\n", compose=compose) == ["0:0 warning"]


def test_a_build_of_another_folder_does_not(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    assert found_by("ignored", "A=1\n", compose="services: {app: {build: web}}\n") == []
    remote = "services: {app: {build: 'https://example.com/x.git'}}\n"
    assert found_by("ignored", "A=1\n", compose=remote) == []
