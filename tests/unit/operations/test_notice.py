"""What a webhook is told, with a real server; and that whatever it does, the task goes on and no URL is told."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from upready.commands.notifying import notifying
from upready.operations import notice
from upready.operations.launch import Launch
from upready.secrets import masking
from upready.stack.settings import Environment, Settings
from upready.support import notification
from upready.support.errors import BuildError, LockedError, OpsError, RolledBackError, UsageError


class Hook(ThreadingHTTPServer):
    """A server that keeps what it is told, and answers as it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.answer = 200
        self.silent = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.told.append({"path": self.path, **json.loads(body)})
                if hook.answer == 0:
                    hook.silent.wait(60)
                self.send_response(hook.answer or 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.silent.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr("upready.report.warn", found.append)
    return found


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("HOOK", raising=False)
    (tmp_path / "compose.yaml").write_text("name: shop\nservices: {}\n", encoding="utf-8")
    return Settings(tmp_path, {"prod": Environment("prod", ("compose.yaml",), notify="HOOK")})


def set_url(settings: Settings, url: str) -> None:
    (settings.root / ".env").write_text(f"HOOK={url}\n", encoding="utf-8")


def url_of(hook: Hook) -> str:
    return f"http://127.0.0.1:{hook.server_port}/services/T0/very-secret-path"


def fail(settings: Settings, error: BaseException, *, desktop: bool = False) -> None:
    with pytest.raises(type(error)), notifying(settings, "prod", "prod", desktop=desktop):
        raise error


@pytest.mark.parametrize(
    ("error", "code", "result"),
    [
        (BuildError("web did not build"), 5, "failed"),
        (RolledBackError("the release is sick"), 8, "rolled-back"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_tells_how_a_release_ended(
    hook: Hook, settings: Settings, warnings: list[str], error: BaseException, code: int, result: str
) -> None:
    set_url(settings, url_of(hook))
    fail(settings, error)
    (told,) = hook.told
    assert told["path"] == "/services/T0/very-secret-path"
    assert told["project"] == "shop"
    assert told["environment"] == told["task"] == "prod"
    assert (told["exit_code"], told["result"]) == (code, result)
    assert told["seconds"] >= 0
    assert told["text"].startswith("shop: prod ")
    assert warnings == []


@pytest.mark.parametrize("error", [UsageError("a typing mistake"), LockedError("another one is at work")])
def test_says_nothing_of_what_concerns_nobody_else(
    hook: Hook, settings: Settings, warnings: list[str], error: OpsError
) -> None:
    set_url(settings, url_of(hook))
    fail(settings, error)
    assert hook.told == warnings == []


def test_masks_secrets(hook: Hook, settings: Settings, warnings: list[str]) -> None:
    set_url(settings, url_of(hook))
    with masking.hiding(settings.root, lambda _: []):
        fail(settings, BuildError(f"cannot fetch {url_of(hook)}"))
    assert "very-secret-path" not in hook.told[0]["text"]


@pytest.mark.parametrize("answer", [404, 500, 302])
def test_another_answer_is_a_warning(hook: Hook, settings: Settings, warnings: list[str], answer: int) -> None:
    hook.answer = answer
    set_url(settings, url_of(hook))
    fail(settings, BuildError("x"))
    assert warnings == [f"the result was not posted to HOOK: it answered with {answer}"]
    assert len(hook.told) == 1


def test_no_answer_is_a_warning(
    hook: Hook, settings: Settings, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice, "SECONDS", 0.3)
    hook.answer = 0
    set_url(settings, url_of(hook))
    fail(settings, BuildError("x"))
    assert warnings == ["the result was not posted to HOOK: it did not answer within 0.3 s"]


def test_answer_that_never_ends_is_a_warning(
    settings: Settings, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice, "SECONDS", 1.0)
    over = threading.Event()

    def answer(it: socket.socket) -> None:
        with it, contextlib.suppress(OSError):
            it.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.2):
                it.sendall(b"X: y\r\n")  # each piece comes in time

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=lambda: answer(listening.accept()[0]), daemon=True).start()
        set_url(settings, f"http://127.0.0.1:{listening.getsockname()[1]}/")
        began = time.monotonic()
        try:
            fail(settings, BuildError("x"))
        finally:
            over.set()
    assert time.monotonic() - began < 60
    assert warnings == ["the result was not posted to HOOK: it did not answer within 1 s"]


@pytest.mark.parametrize("error", [BuildError("web did not build"), None])
def test_ctrl_c_while_somebody_is_told_does_not_hide_how_the_task_ended(
    settings: Settings, warnings: list[str], monkeypatch: pytest.MonkeyPatch, error: OpsError | None
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(notice, "post", interrupted)
    set_url(settings, "http://127.0.0.1:9/")
    if error is not None:
        fail(settings, error)
    else:
        with notifying(settings, "prod", "prod", desktop=False) as end:
            end(cast(Launch, None))
    assert warnings == ["perhaps nobody was told: interrupted"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:9/very-secret-path", "it cannot be reached"),
        ("very-secret-path", "it is not the URL of a webhook"),
        ("ftp://very-secret-path", "it is not the URL of a webhook"),
    ],
)
def test_url_that_leads_nowhere_is_a_warning_without_it(
    settings: Settings, warnings: list[str], url: str, why: str
) -> None:
    set_url(settings, url)
    fail(settings, BuildError("x"))
    assert warnings == [f"the result was not posted to HOOK: {why}"]


def test_says_that_the_variable_is_not_set(settings: Settings, warnings: list[str]) -> None:
    fail(settings, BuildError("x"))
    assert warnings == ["the result was posted nowhere: HOOK is not set; invoke env.set HOOK sets it"]


def test_tells_the_desktop_when_asked(settings: Settings, warnings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(notification, "show", lambda *texts: shown.append(texts) or "there is no screen")
    quiet = dataclasses.replace(settings, environments={"prod": Environment("prod", ("compose.yaml",))})
    fail(quiet, BuildError("web did not build"))
    assert shown == []
    fail(quiet, BuildError("web did not build"), desktop=True)
    assert shown == [("shop: prod has failed", "web did not build")]
    assert warnings == ["no notification was shown: there is no screen"]
