"""The page is built when a browser asks for it, and what goes wrong is told in its place."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app import page, page_builder

Serve = Callable[..., httpx.Client]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the program that stands for Node is a script")

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A program in Node's place that runs these commands of a shell in a folder, where the page is looked for, too."""
    monkeypatch.setattr(page, "BUILT", tmp_path / "dist")
    monkeypatch.setattr(page_builder, "_running", None)

    def make(commands: str) -> Path:
        program = tmp_path / "node"
        program.write_text(f"#!/bin/sh\ncd '{tmp_path}'\n{commands}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    return make


DONE = "mkdir -p dist && echo '<!doctype html><p>built' | gzip > dist/index.html.gz && echo build >> builds"


def test_it_is_built_before_it_is_shown(start: Serve, build: Callable[[str], Path], tmp_path: Path) -> None:
    client = start(page_node=str(build(DONE)))
    (tmp_path / "dist").mkdir()  # it was built before: so one waits for the next
    for number in (1, 2):
        answer = client.get("/", headers=BROWSER)
        assert (answer.status_code, "built" in answer.text) == (200, True)
        assert (tmp_path / "builds").read_text(encoding="utf-8").count("build") == number


def test_a_first_build_is_told_and_reloaded_until_it_is_there(
    start: Serve, build: Callable[[str], Path], tmp_path: Path
) -> None:
    client = start(page_node=str(build(f"while [ ! -e go ]; do sleep 0.05; done; {DONE}")))
    for _ in range(2):
        answer = client.get("/", headers=BROWSER)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert "The page is being built" in answer.text and 'http-equiv="refresh"' in answer.text
    (tmp_path / "go").touch()
    deadline = time.monotonic() + 60
    while "being built" in answer.text and time.monotonic() < deadline:
        answer = client.get("/", headers=BROWSER)
    assert "<p>built" in answer.text
    client.get("/", headers=BROWSER)  # of the two that waited together, one build
    assert len((tmp_path / "builds").read_text(encoding="utf-8").splitlines()) <= 3


def test_what_a_failed_build_said_is_shown_and_tried_again(start: Serve, build: Callable[[str], Path]) -> None:
    client = start(page_node=str(build("echo 'src/page.mjs:3: <b>odd</b>' >&2; exit 1")))
    deadline = time.monotonic() + 60
    while (answer := client.get("/", headers=BROWSER)).status_code == 200 and time.monotonic() < deadline:
        pass
    assert answer.status_code == 503
    assert "could not be built" in answer.text
    assert "src/page.mjs:3: &lt;b&gt;odd&lt;/b&gt;" in answer.text
    build(DONE)
    while "<p>built" not in answer.text and time.monotonic() < deadline:
        answer = client.get("/", headers=BROWSER)
    assert "<p>built" in answer.text


def test_a_node_that_cannot_be_run_is_named(start: Serve, build: Callable[[str], Path], tmp_path: Path) -> None:
    answer = start(page_node=str(tmp_path / "none")).get("/", headers=BROWSER)
    assert answer.status_code == 503
    assert f"{tmp_path / 'none'}: {os.strerror(2)}" in answer.text


def test_without_a_builder_the_command_is_named(start: Serve, build: Callable[[str], Path]) -> None:
    answer = start().get("/", headers=BROWSER)
    assert answer.status_code == 503
    assert "node page/build.mjs" in answer.text
    assert start().get("/").json()["name"] == "BA Copilot AI"
