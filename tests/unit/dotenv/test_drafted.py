"""A stack with the `.env` that is not written yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.dotenv.conftest import MakeStack
from upready import dotenv
from upready.dotenv import drafted
from upready.stack import model
from upready.support.errors import EnvFileError, UsageError

COMPOSE = """\
services:
  web: {image: "x:${TAG:?is missing}", env_file: [.env, {path: more.env, required: false}]}
  db: {image: y, environment: {KEY: "${KEY:?is missing}"}}
"""
EXAMPLE = "# The image's tag.\nTAG=1\n\n# @sensitive @required @generate=secret(length=20)\nKEY=\n"


def test_compose_reads_what_would_be_written(make_stack: MakeStack, tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    stack = make_stack(None, compose=COMPOSE)
    assert drafted.is_missing(stack)
    before = sorted(tmp_path.iterdir())
    with drafted.stack_with(stack) as (later, names):
        assert names == ("KEY",)
        assert [each for each in dotenv.check(later, sweep=False) if each.severity == "error"] == []
        services = model.load(later).services
        key = services["db"].config["environment"]["KEY"]
        assert len(key) == 20
        # A service that gets the whole file gets the draft.
        assert services["web"].config["environment"] == {"TAG": "1", "KEY": key}
        folder = later.env_file.parent
    assert not folder.exists()
    assert sorted(tmp_path.iterdir()) == before


def test_what_is_there_is_completed(make_stack: MakeStack, tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    stack = make_stack("TAG=2\n", compose=COMPOSE)
    assert not drafted.is_missing(stack)
    with drafted.stack_with(stack) as (later, names):
        assert names == ("KEY",)
        assert model.load(later).services["web"].image == "x:2"
    (tmp_path / ".env").write_text("TAG=2\nKEY=abc\n", encoding="utf-8")
    with drafted.stack_with(stack) as found:
        assert found == (stack, None)


def test_what_could_not_be_written_is_refused(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(None, compose=COMPOSE)
    with pytest.raises(UsageError, match=r"\.env\.example is missing"), drafted.stack_with(stack):
        pass
    (tmp_path / ".env.example").write_text("KEY='\n", encoding="utf-8")
    with pytest.raises(EnvFileError, match=r"\.env\.example:1"), drafted.stack_with(stack):
        pass
