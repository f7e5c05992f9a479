"""Docker Desktop that is still starting, put in the place of this machine's engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from upready.engine import connection, desktop, installation
from upready.engine.absence import DeniedError, SilentError
from upready.support import platform
from upready.support.errors import EngineError


@pytest.fixture(autouse=True)
def mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Mac whose processes are Docker Desktop's, and where nobody has to wait."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(platform, "MACOS", True)
    monkeypatch.setattr(desktop, "_EVERY", 0.0)
    programs(monkeypatch, "launchd", "com.docker.backend")


def programs(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    listed = [SimpleNamespace(info={"name": name}) for name in names]
    monkeypatch.setattr(psutil, "process_iter", lambda _: iter(listed))


def refuse() -> None:
    raise EngineError("no engine", next="invoke doctor")


def test_it_is_waited_for_and_that_is_told_once() -> None:
    answers: list[EngineError | str] = [EngineError("no engine"), SilentError("silent"), "connected"]
    told: list[str] = []

    def connect() -> str:
        answer = answers.pop(0)
        if isinstance(answer, EngineError):
            raise answer
        return answer

    assert desktop.wait(connect, told.append) == "connected"
    assert told == ["Docker Desktop is starting: waiting for its engine, 60 s at most"]


def test_one_that_never_answers_is_no_reason_to_run_natively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop, "PATIENCE", -1.0)
    with pytest.raises(SilentError, match="Docker Desktop runs, and its engine does not answer") as caught:
        desktop.wait(refuse, lambda _: None)
    assert caught.value.details == ["no engine"]


def test_whoever_only_looks_does_not_wait() -> None:
    with pytest.raises(SilentError, match="does not answer yet") as caught:
        desktop.wait(refuse, None)
    assert caught.value.next == "in a minute: <the same command>"


@pytest.mark.parametrize("name", ["Docker Desktop", "Docker Desktop.exe", "com.docker.backend.exe"])
def test_its_programs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    programs(monkeypatch, name)
    assert desktop.runs()


def test_without_it_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, "launchd", "docker")
    with pytest.raises(EngineError, match="no engine") as caught:
        desktop.wait(refuse, pytest.fail)
    assert not isinstance(caught.value, SilentError)


def test_another_engine_than_its_own_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert not desktop.runs()


def test_an_engine_that_refuses_is_there() -> None:
    def deny() -> None:
        raise DeniedError("denied")

    with pytest.raises(DeniedError):
        desktop.wait(deny, pytest.fail)


@pytest.mark.parametrize(
    ("number", "words", "reason"),
    [
        (2, "Das System kann die angegebene Datei nicht finden.", "No such file or directory"),
        (5, "Zugriff verweigert", "Access is denied"),
        (231, "Alle Pipeinstanzen sind belegt", "Alle Pipeinstanzen sind belegt"),
    ],
)
def test_how_windows_refuses_a_pipe_in_its_own_language(number: int, words: str, reason: str) -> None:
    error = OSError(f"Error while fetching server API version: ({number}, 'CreateFile', '{words}')")
    assert connection._reason(error) == reason


def test_plugins_where_dockers_settings_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    settings = tmp_path / "config.json"
    settings.write_text('{"cliPluginsExtraDirs": ["/opt/homebrew/lib/docker/cli-plugins", 7]}', encoding="utf-8")
    found: list[Any] = installation.plugin_folders()[:2]
    assert found == [Path("/opt/homebrew/lib/docker/cli-plugins"), tmp_path / "cli-plugins"]
    for broken in ('{"cliPluginsExtraDirs": "x"}', "[", "[]"):
        settings.write_text(broken, encoding="utf-8")
        assert installation.plugin_folders()[0] == tmp_path / "cli-plugins"
