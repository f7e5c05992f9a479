"""Where a service has a variable from: its entry, a file of variables, or `.env`."""

from __future__ import annotations

from pathlib import Path

import pytest

from upready.stack import variable_place
from upready.stack.selection import Stack

COMPOSE = """x-common: &common
  environment:
    SHARED: of all
services:
  web:
    <<: *common
    env_file:
      - .env
      - path: ${FOLDER:-conf}/web.env
        required: false
  db:
    env_file: conf/db.env
    environment:
      WRITTEN: plain
      FROM_ENV: ${OTHER}
      PASSED:
      EMPTY: ""
  list:
    environment:
      - WRITTEN=plain
      - FROM_ENV=${OTHER}
      - PASSED
  far:
    extends: {file: conf/far.yaml, service: far}
"""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.delenv("FOLDER", raising=False)
    monkeypatch.delenv("COMPOSE_ENV_FILES", raising=False)
    (tmp_path / "conf").mkdir()
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / ".env").write_text("OTHER=1\nMINE=2\nBOTH=3\n", encoding="utf-8")
    (tmp_path / "conf/web.env").write_text("# its own\nBOTH=4\nNAMED\n", encoding="utf-8")
    (tmp_path / "conf/db.env").write_text("PASSWORD=x\nWRITTEN=hidden\n", encoding="utf-8")
    (tmp_path / "conf/far.yaml").write_text("services: {far: {env_file: [far.env]}}\n", encoding="utf-8")
    (tmp_path / "conf/far.env").write_text("FAR=1\n", encoding="utf-8")
    return Stack(tmp_path, "dev", (tmp_path / "compose.yaml",), (), "shop")


@pytest.mark.parametrize(
    ("service", "name", "step"),
    [
        ("web", "SHARED", "correct environment.SHARED: in compose.yaml:3"),
        ("web", "MINE", "invoke env.set MINE"),
        ("web", "BOTH", "correct BOTH in conf/web.env:2"),
        ("web", "NAMED", ""),
        ("web", "NOWHERE", ""),
        ("db", "PASSWORD", "correct PASSWORD in conf/db.env:1"),
        ("db", "WRITTEN", "correct environment.WRITTEN: in compose.yaml:14"),
        ("db", "FROM_ENV", "invoke env.set OTHER"),
        ("db", "PASSED", "invoke env.set PASSED"),
        ("db", "EMPTY", "correct environment.EMPTY: in compose.yaml:17"),
        ("list", "WRITTEN", "correct environment.WRITTEN: in compose.yaml:20"),
        ("list", "FROM_ENV", "invoke env.set OTHER"),
        ("list", "PASSED", "invoke env.set PASSED"),
        ("far", "FAR", "correct FAR in conf/far.env:1"),
        ("nobody", "SHARED", ""),
    ],
)
def test_the_step_leads_to_where_the_service_has_it_from(stack: Stack, service: str, name: str, step: str) -> None:
    assert variable_place.change(stack, service, name) == step


def test_files_that_are_gone_or_broken_tell_nothing(stack: Stack) -> None:
    (stack.root / "conf/db.env").unlink()
    assert variable_place.change(stack, "db", "PASSWORD") == ""
    (stack.root / "compose.yaml").write_text("services: {", encoding="utf-8")
    assert variable_place.change(stack, "web", "MINE") == ""
