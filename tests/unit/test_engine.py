"""Connecting to an engine: what is said where that fails."""

from __future__ import annotations

import sys

import pytest

from ops import engine
from ops.errors import EngineError


def test_an_engine_behind_ssh_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paramiko", None)
    monkeypatch.setenv("DOCKER_HOST", "ssh://somebody@192.0.2.1")
    with pytest.raises(EngineError) as caught:
        engine.connect()
    assert caught.value.next == "uv pip install paramiko"
    assert "ssh://somebody@192.0.2.1" in caught.value.message
