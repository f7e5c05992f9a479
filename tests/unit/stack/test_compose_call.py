"""One call of compose: programs that do not run, engines that go away, variables that it refuses."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.engine.heartbeat import Heartbeat
from upready.stack import compose, compose_call
from upready.support.errors import BuildError, EngineError, StartError
from upready.support.process import Result

SLEEP = [sys.executable, "-c", "import time; print('on', flush=True); time.sleep(60)"]


def engine(*, answers: bool) -> Any:
    """An engine that is there, or has gone; known by its pace, so that nobody waits for a first answer."""
    pulse = Heartbeat(lambda _: answers)
    pulse.pace = 0.0
    return SimpleNamespace(heartbeat=pulse)


@pytest.mark.slow
def test_a_call_whose_engine_is_gone_is_ended() -> None:
    with pytest.raises(EngineError, match="has stopped answering") as caught:
        compose_call.run(SLEEP, engine(answers=False), running=["web may still run"])
    assert caught.value.details == ["web may still run"]
    assert caught.value.next == "invoke doctor"
    lines: list[str] = []
    with pytest.raises(EngineError, match="has stopped answering"):
        compose_call.stream(SLEEP, lines.append, engine(answers=False))
    assert lines == ["on"]
    with pytest.raises(EngineError, match="has stopped answering"):
        compose_call.attach(SLEEP, engine(answers=False), cwd=Path.cwd(), env={**os.environ})


def test_a_call_whose_engine_is_there_goes_on_to_its_end() -> None:
    line = [sys.executable, "-c", "print('done')"]
    assert compose_call.run(line, engine(answers=True)).stdout == "done\n"
    assert (
        compose_call.attach([sys.executable, "-c", "raise SystemExit(3)"], engine(answers=True), cwd=Path.cwd(), env={})
        == 3
    )


@pytest.mark.skipif(os.name != "posix", reason="programs as POSIX has them")
@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("#!/bin/sh\n", 0o644, "does not run: Permission denied"),
        ("\x7fELF of no machine", 0o755, "does not run: Exec format error"),
        (None, 0, "does not run: No such file"),
        ("#!/bin/sh\nkill -KILL $$\n", 0o755, "was ended by SIGKILL"),
    ],
)
def test_a_program_that_does_not_run(tmp_path: Path, text: str | None, mode: int, words: str) -> None:
    program = tmp_path / "docker-compose"
    if text is not None:
        program.write_text(text, encoding="utf-8")
        program.chmod(mode)
    for run in (compose_call.run, lambda line: compose_call.stream(line, lambda _: None)):
        with pytest.raises(EngineError) as caught:
            run([str(program), "config"])
        assert words in caught.value.message
        assert str(program) in caught.value.message
        assert caught.value.next == compose.remedy()


def test_one_that_was_cancelled_was_not_killed_by_anybody() -> None:
    cancel = threading.Event()
    cancel.set()
    assert compose_call.stream(SLEEP, lambda _: None, cancel=cancel) != 0


@pytest.mark.parametrize("out", ["", "Hello, '{' world", "[1, 2]", "null", "7"])
def test_what_is_no_model_is_told(out: str) -> None:
    with pytest.raises(EngineError, match="does not work") as caught:
        compose_call.document(Result(("/x/docker-compose", "config"), 0, out, ""), json.loads)
    assert "/x/docker-compose" in caught.value.message
    assert compose_call.document(Result(("x",), 0, '{"a": 1}', ""), json.loads) == {"a": 1}


def test_a_failure_whose_engine_went_away_is_no_failed_build() -> None:
    failure = BuildError("the build failed")
    said = "failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"
    for there in (True, False):
        told = compose_call.failed(failure, said, engine(answers=there))
        assert isinstance(told, EngineError)
        assert told.details == [said]
    assert isinstance(compose_call.failed(failure, "exit code: 1", engine(answers=False)), EngineError)
    assert compose_call.failed(failure, "exit code: 1", engine(answers=True)) is failure
    # A registry's own words.
    assert (
        compose_call.failed(failure, "failed to do request: connection reset by peer", engine(answers=True)) is failure
    )


def test_a_variable_that_compose_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "nope")
    told = compose_call.failed(BuildError("the build failed"), 'no builder "nope" found', engine(answers=True))
    assert (told.code, told.next) == (5, "unset BUILDX_BUILDER && <the same command>")
    assert told.details == ["BUILDX_BUILDER is nope in the shell"]
    monkeypatch.setenv("DOCKER_API_VERSION", "9.99")
    words = "client version 9.99 is too new. Maximum supported API version is 1.51"
    told = compose_call.failed(StartError("x"), f"Error response from daemon: {words}", engine(answers=True))
    assert (told.code, told.next, told.details) == (4, "unset DOCKER_API_VERSION", [words])
