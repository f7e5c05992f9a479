"""Which engine is asked, by variables and Docker's own files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ops import endpoint, platform


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's settings, with one context."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    folder = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    folder.mkdir(parents=True)
    content = {"Name": "far", "Endpoints": {"docker": {"Host": "ssh://me@far.example.com"}}}
    (folder / "meta.json").write_text(json.dumps(content), "utf-8")
    return tmp_path


def test_nothing_names_one() -> None:
    assert str(endpoint.asked()) == f"unix://{platform.engine_socket()}"
    assert endpoint.asked().socket == platform.engine_socket()


def test_docker_host_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.7:2375")
    found = endpoint.asked()
    assert (str(found), found.socket, found.ssh) == ("tcp://10.0.0.7:2375", None, False)


def test_a_context_by_variable_or_setting(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (configuration / "config.json").write_text('{"currentContext": "far"}', "utf-8")
    found = endpoint.asked()
    assert str(found) == "ssh://me@far.example.com (docker context far)"
    assert found.ssh
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert endpoint.asked().context == ""


@pytest.mark.parametrize("how", ["variable", "setting"])
def test_a_context_that_does_not_exist(configuration: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "variable":
        monkeypatch.setenv("DOCKER_CONTEXT", "nosuch")
    else:
        (configuration / "config.json").write_text('{"currentContext": "nosuch"}', "utf-8")
    found = endpoint.asked()
    assert (found.url, found.context) == ("", "nosuch")
    assert ("DOCKER_CONTEXT" if how == "variable" else "config.json") in found.source


@pytest.mark.parametrize("content", ["", "{", "[]", '{"currentContext": 7}'])
def test_settings_that_are_garbage(configuration: Path, content: str) -> None:
    (configuration / "config.json").write_text(content, "utf-8")
    assert endpoint.asked().context == ""
