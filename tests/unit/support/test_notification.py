"""Which program shows a notification, and that nothing it does fails a task."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from upready.support import notification, platform

TITLE, TEXT = "shop: dev is ready", "$(touch x) `y` \"; exit 'z'"


@pytest.fixture
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(platform, "WINDOWS", request.param == "windows")
    monkeypatch.setattr(platform, "MACOS", request.param == "macos")
    return str(request.param)


@pytest.mark.parametrize("system", ["linux", "macos"], indirect=True)
def test_texts_are_words_of_their_own(system: str) -> None:
    made = notification.command(TITLE, TEXT)
    assert made.words[0] == {"linux": "notify-send", "macos": "osascript"}[system]
    assert made.words[-2:] == (TITLE, TEXT)


@pytest.mark.parametrize("system", ["windows"], indirect=True)
def test_texts_are_no_code_of_powershell(system: str) -> None:
    made = notification.command(TITLE, TEXT)
    assert made.words[0] == "powershell.exe"
    assert TEXT not in " ".join(made.words)
    assert made.variables == {"UPREADY_TITLE": TITLE, "UPREADY_TEXT": TEXT}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification.shutil, "which", lambda name: f"/bin/{name}")


def answering(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[Any]:
    calls = []

    def run(words: Any, **options: Any) -> Any:
        calls.append((words, options))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(notification.subprocess, "run", run)
    return calls


def test_shows_it(there: None, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = answering(monkeypatch, subprocess.CompletedProcess([], 0, "", ""))
    assert notification.show(TITLE, TEXT) == ""
    ((_, options),) = calls
    assert options["timeout"] == notification.SECONDS
    assert options["stdin"] == subprocess.DEVNULL


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (subprocess.CompletedProcess([], 1, "", "no session bus\nmore"), "no session bus"),
        (subprocess.CompletedProcess([], 3, "", ""), "exit code 3"),
        (subprocess.TimeoutExpired([], 10), "has not ended after 10 s"),
        (PermissionError(13, "Permission denied"), "does not run: Permission denied"),
    ],
)
def test_says_why_it_was_not_shown(there: None, monkeypatch: pytest.MonkeyPatch, answer: Any, why: str) -> None:
    answering(monkeypatch, answer)
    assert why in notification.show(TITLE, TEXT)


def test_says_that_the_program_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification.shutil, "which", lambda _: None)
    assert notification.show(TITLE, TEXT).endswith("is not installed")
