"""What is remembered of where a project last ran."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from upready.runtime import last_used
from upready.runtime.last_used import Memory
from upready.stack.settings import Environment, Settings
from upready.support import state

FULL = Memory("", "shop", "docker", "ssh://me@far", "far", "prod", 12.5, ("/old/shop",))


def test_what_is_written_is_recalled(tmp_path: Path) -> None:
    assert last_used.recall(tmp_path) == Memory()
    last_used.write(tmp_path, FULL)
    found = last_used.recall(tmp_path)
    assert found == Memory(**{**vars(FULL), "folder": str(tmp_path.resolve())})
    assert str(found) == "the Docker Engine at ssh://me@far (docker context far)"
    file = state.make(tmp_path) / last_used.FILE
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_environment_that_runs_is_the_one_that_a_value_must_be_good_for(tmp_path: Path) -> None:
    environments = {name: Environment(name, ("compose.yaml",)) for name in ("dev", "prod")}
    settings = Settings(tmp_path, environments)
    assert last_used.environment(settings) == "dev"
    last_used.write(tmp_path, FULL)
    assert last_used.environment(settings) == "prod"
    last_used.write(tmp_path, replace(FULL, runtime=""))  # it was stopped
    assert last_used.environment(settings) == "dev"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"runtime": 1, "since": "soon", "adopted": "x", "folder": null}',
        b'{"adopted": [1, null], "more": true}',
    ],
)
def test_garbage_is_nothing(tmp_path: Path, content: bytes) -> None:
    (state.make(tmp_path) / last_used.FILE).write_bytes(content)
    assert last_used.recall(tmp_path) == Memory()


def test_a_field_that_is_wrong_does_not_hide_the_others(tmp_path: Path) -> None:
    (state.make(tmp_path) / last_used.FILE).write_text(json.dumps({"runtime": "docker", "since": "?"}), "utf-8")
    assert last_used.recall(tmp_path) == Memory(runtime="docker")


def test_a_place_that_cannot_be_written_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("a file", "utf-8")
    monkeypatch.setenv("OPS_STATE_DIR", str(tmp_path / "state"))
    last_used.write(tmp_path, FULL)
    assert last_used.recall(tmp_path) == Memory()
