"""Where a stack may run, on a machine whose engine does not answer; the rest is in tests/native and tests/engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import settings, whereabouts
from ops.errors import EngineError
from ops.settings import Settings

CONFIGURATION = {"ops": {"environments": {"dev": {"files": ["compose.yaml"]}}}}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project on a machine whose engine does not answer."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return settings.load(CONFIGURATION, tmp_path)


def test_a_stop_says_what_it_could_not_look_at(nowhere: Settings) -> None:
    told: list[str] = []
    found = whereabouts.all_of(nowhere, told.append)
    assert [each.name for each in found] == ["native"]
    assert len(told) == 1
    assert "127.0.0.1:1" in told[0]
    assert told[0].endswith("what runs there, if anything, is left as it is")


def test_an_engine_that_was_asked_for_must_answer(tmp_path: Path, nowhere: Settings) -> None:
    with pytest.raises(EngineError):
        whereabouts.all_of(settings.load(CONFIGURATION, tmp_path, "docker"), lambda _: None)
