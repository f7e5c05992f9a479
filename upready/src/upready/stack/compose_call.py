"""One call of compose, with clear errors where the program does not run, or the engine goes away during the call.

Compose itself waits for ever for an engine that is frozen. When the engine is killed, compose's message is only about
the step that it was doing.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.engine import absence
from upready.engine.heartbeat import Watched
from upready.stack import compose
from upready.support import next_step, parsing, process, shell_words
from upready.support.errors import EngineError, OpsError
from upready.support.next_step import AGAIN
from upready.support.process import Result

if TYPE_CHECKING:
    from upready.stack.selection import Stack

DROPPED = re.compile(
    # "error during connect" alone also stands in messages about another service that failed.
    r"error during connect[^\n]*(EOF|connection re(fused|set)|broken pipe|dial |no such file|timeout)"
    r"|Cannot connect to the Docker|failed to connect to the docker API"
    r"|rpc error: code = Unavailable|error reading (from server|preface)|transport is closing|driver not connecting",
    re.IGNORECASE,
)
"""Words of compose, BuildKit and the SDK for a lost connection to the engine; registries do not use them."""

_VERSION = re.compile(r"client version \S+ is too (new|old)[^\n]*|invalid API version[^\n]*")

_STEERING = (
    *("DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT", "BUILDX_BUILDER", "BUILDX_CONFIG", "BUILDKIT_HOST"),
    *("COMPOSE_IGNORE_ORPHANS", "COMPOSE_REMOVE_ORPHANS", "COMPOSE_BAKE", "COMPOSE_ENV_FILES"),
)
"""Variables with a value that compose or BuildKit may refuse."""


def run(
    command: Sequence[str],
    engine: Watched | None = None,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
    running: Sequence[str] = (),
) -> Result:
    """Run compose to its end, and capture its output; see `process.run`.

    Args:
        command: The program and its arguments.
        engine: The engine that it uses, which is watched; None for none.
        cwd: The folder to run in.
        env: Variables that are added to those of this process.
        stdin: Text for its standard input.
        timeout: Seconds after which it is killed.
        running: What may still run if the engine goes away, as lines for the error.

    Raises:
        EngineError: Compose does not run, or the engine has stopped answering.
    """
    with _watched(engine, running) as gone, _told(command):
        result = process.run(command, cwd=cwd, env=_calm(env), stdin=stdin, timeout=timeout, abandon=gone)
        _check(result.code, command, gone)
    return result


def config(stack: Stack, *options: str, env: Mapping[str, str] | None = None) -> Result:
    """Run `compose config` on a stack.

    Args:
        stack: The stack.
        options: What follows `config`.
        env: Variables that it gets besides the stack's.

    Raises:
        EngineError: Compose does not run, or does not end.
    """
    line = compose.command(stack, "config", *options)
    return run(line, cwd=stack.root, env={**stack.variables, **(env or {})}, timeout=compose.MERGE)


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    engine: Watched | None = None,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
    running: Sequence[str] = (),
) -> int:
    """Run compose and hand over each line of its output; see `process.stream`, and `run` for the engine.

    Raises:
        EngineError: Compose does not run, or the engine has stopped answering.
    """
    with _watched(engine, running) as gone, _told(command):
        code = process.stream(command, on_line, cwd=cwd, env=_calm(env), cancel=cancel, abandon=gone)
        if cancel is None or not cancel.is_set():
            _check(code, command, gone)
    return code


def attach(
    command: Sequence[str], engine: Watched, *, cwd: Path, env: Mapping[str, str], running: Sequence[str] = ()
) -> int:
    """Run compose on this terminal with only these variables, and return its exit code; see `run` for the engine.

    Raises:
        EngineError: Compose does not run, or the engine has stopped answering.
    """
    with _watched(engine, running) as gone, _told(command):
        code = process.attach(command, cwd=cwd, env=env, inherit=False, abandon=gone)
        if code and ((gone is not None and gone.is_set()) or not engine.heartbeat.answers()):
            raise absence.stopped(running)
        _check(code, command, None)
    return code


def failed(error: OpsError, said: str, engine: Watched | None) -> OpsError:
    """The error of a call that has failed; another one where the engine went away during the call.

    Args:
        error: The error by compose's words.
        said: The output of compose, without the output of programs that it ran.
        engine: The engine that it used.
    """
    error = _blamed(error, said)
    if isinstance(error, EngineError) or engine is None:
        return error
    cut = DROPPED.search(said)
    if cut is None and engine.heartbeat.answers():
        return error
    last = next((line.strip() for line in reversed(said.splitlines()) if not cut or DROPPED.search(line)), "")
    return absence.stopped([last] if last else [])


def _blamed(error: OpsError, said: str) -> OpsError:
    """The error; if a variable of the shell that configures compose or BuildKit is the reason, the error says so."""
    version = os.environ.get("DOCKER_API_VERSION")
    if version and (words := _VERSION.search(said)):
        return EngineError(
            f"DOCKER_API_VERSION is {version}, which this Docker Engine does not support",
            details=[words[0]],
            next=shell_words.removal("DOCKER_API_VERSION"),
        )
    for name in _STEERING:
        value = os.environ.get(name)
        if value and (name in said or f'"{value}"' in said):
            error.details.append(f"{name} is {value} in the shell")
            error.next = shell_words.in_turn(shell_words.removal(name), AGAIN)
            break
    return error


def _calm(env: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The variables of a call, with the progress on stderr, whatever the user has set."""
    return {**(env or {}), "COMPOSE_STATUS_STDOUT": "0"} if "COMPOSE_STATUS_STDOUT" in os.environ else env


def document(result: Result, parse: Callable[[str], Any] = parsing.from_json) -> dict[str, Any]:
    """The mapping that compose printed, read by `parse` as JSON or YAML.

    Raises:
        EngineError: The output is no mapping, so the program is no compose.
    """
    try:
        found = parse(result.stdout)
    except Exception as error:
        raise _strange(result) from error
    if not isinstance(found, dict):
        raise _strange(result)
    return found


def _strange(result: Result) -> EngineError:
    first = next((line.strip() for line in (result.stdout or result.stderr).splitlines() if line.strip()), "")
    said = f"printed {first[:80]!r}" if first else "printed nothing"
    return EngineError(
        f"{_named(result.command)} does not work: it {said} instead of the merged compose files", next=compose.remedy()
    )


@contextmanager
def _watched(engine: Watched | None, running: Sequence[str]) -> Iterator[threading.Event | None]:
    """Watch an engine during the block.

    Raises:
        EngineError: The engine went away, so the block was ended.
    """
    if engine is None:
        yield None
        return
    with engine.heartbeat.watching() as gone:
        try:
            yield gone
        except _AbandonedError:
            raise absence.stopped(running) from None


class _AbandonedError(Exception):
    """The call was ended, because the engine went away."""


@contextmanager
def _told(command: Sequence[str]) -> Iterator[None]:
    """Turn the errors of a program that cannot be executed, or takes too long, into one of ours.

    Raises:
        EngineError: The program cannot be executed, or takes too long.
    """
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            f"{_named(command)} has not ended after {error.timeout:g} s",
            details=["a file that a compose file names (env_file, include, extends) may be a pipe, or on a dead drive"],
            next=next_step.either(f"correct those files, then: {AGAIN}", compose.remedy()),
        ) from error
    except OSError as error:
        if error.filename not in (None, command[0]):  # the folder to run in, for example
            raise
        raise EngineError(
            f"{_named(command)} does not run: {error.strerror or error}", next=compose.remedy()
        ) from error


def _check(code: int, command: Sequence[str], gone: threading.Event | None) -> None:
    """Notice a call that was ended from outside.

    Raises:
        EngineError: A signal has killed it.
    """
    if code and gone is not None and gone.is_set():
        raise _AbandonedError
    if code < 0:
        raise EngineError(
            f"{_named(command)} was ended by {_signal(-code)}",
            details=["the sender is unknown; it may be the kernel, when memory runs out"],
            next=compose.remedy(),
        )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _named(command: Sequence[str]) -> str:
    return f"the compose program {command[0]}"
