"""The one place that runs child processes: run a program, stream its lines, interrupt it.

Commands are argument lists; no shell is used. Output is read as UTF-8 on every system, and invalid bytes are replaced.
invoke's own `c.run` is not used: it copies all output at each chunk (quadratic), and breaks characters at the end of a
chunk (measured: 5,000 lines/s).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upready.support import platform, signals, terminal

tell: Callable[[Sequence[str]], None] | None = None
"""Called with every command that is started; set by `--debug`."""

INTERRUPT_GRACE = 10.0
"""Seconds that an interrupted child has to end."""


@dataclass(frozen=True)
class Result:
    """The result of a child that has ended: command, exit code (negative: the signal that killed it), and output."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
    abandon: threading.Event | None = None,
) -> Result:
    """Run a command to its end and capture its output.

    Args:
        command: The program and its arguments.
        cwd: The folder to run in; the current one by default.
        env: Variables that it gets besides this process's own.
        stdin: Text for its standard input; none (end of file) by default.
        timeout: Seconds after which it is killed.
        abandon: When set, it is killed.

    Raises:
        OSError: There is no such program, or it cannot be executed.
        subprocess.TimeoutExpired: It ran longer than `timeout`.
    """
    with _child(command, cwd, env, subprocess.PIPE if stdin is not None else subprocess.DEVNULL) as child:
        try:
            with ended_by(child, abandon):
                stdout, stderr = child.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            platform.kill(child)
            raise
    return Result(tuple(command), child.returncode, stdout, stderr)


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
    abandon: threading.Event | None = None,
) -> int:
    """Run a command and pass on each line of its output (both streams, in order), without its line end.

    Args:
        command: The program and its arguments.
        on_line: Called with every line, in the calling thread.
        cwd: The folder to run in.
        env: Variables that it gets besides this process's own.
        cancel: When set, the command is interrupted, as by Ctrl-C.
        abandon: When set, it is killed.

    Returns:
        The exit code.
    """
    with (
        _child(command, cwd, env, subprocess.DEVNULL, merged=True) as child,
        ended_by(child, cancel, INTERRUPT_GRACE),
        ended_by(child, abandon),
    ):
        assert child.stdout is not None  # noqa: S101 - Popen gives one for a pipe
        for line in child.stdout:
            on_line(line.rstrip("\r\n"))
        child.wait()
    return child.returncode


def attach(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    inherit: bool = True,
    abandon: threading.Event | None = None,
) -> int:
    """Run a command on this terminal, input included, and return its exit code (`invoke exec`).

    The child handles signals: a terminal sends it Ctrl-C itself, other signals are passed on, and this process waits
    for the child.

    Args:
        command: The program and its arguments.
        cwd: The folder to run in.
        env: Its variables.
        inherit: Whether it also gets this process's own variables.
        abandon: When set, it is killed, and the terminal gets its settings back.

    Returns:
        The exit code; 128 + N if signal N ended it, as in a shell.

    Raises:
        OSError: It cannot be run.
    """
    if tell is not None:
        tell(command)
    variables = child_environment(env) if inherit else dict(env or {})
    restore = terminal.keep()
    with signals.passed_on() as give:
        child = subprocess.Popen(list(command), cwd=cwd, env=variables)
        give(child)
        with ended_by(child, abandon, group=False):
            code = platform.exit_code(_end_of(child))
    if abandon is not None and abandon.is_set():
        restore()
    return code


def _end_of(child: subprocess.Popen[Any]) -> int:
    """What a child came to. With a timeout, `wait` looks again at least every 50 ms, and signals are heard between.

    Python acts on a signal only between two calls of the system: one that came just before a wait without a timeout
    would not be heard until the child had ended.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout=60)


@contextlib.contextmanager
def _child(
    command: Sequence[str],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int,
    *,
    merged: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """A child in its own process group that never outlives the block: it is interrupted, and killed if need be."""
    if tell is not None:
        tell(command)
    child = subprocess.Popen(
        list(command),
        cwd=cwd,
        env=child_environment(env),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        **platform.new_group(),
    )
    try:
        yield child
    except BaseException:
        _end(child)
        raise
    finally:
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _end(child: subprocess.Popen[str]) -> None:
    """Interrupt a child, wait, and kill it if it has not ended; a second Ctrl-C kills it at once.

    Its output is read meanwhile: with a full pipe it could not end.
    """
    try:
        if child.poll() is None:
            platform.interrupt(child)
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                child.communicate(timeout=INTERRUPT_GRACE)
    finally:
        platform.kill(child)
        child.wait()


@contextlib.contextmanager
def ended_by(
    child: subprocess.Popen[Any], event: threading.Event | None, grace: float = 0.0, *, group: bool = True
) -> Iterator[None]:
    """End a child if an event is set during the block.

    Args:
        child: The child.
        event: The event; with None, nothing is done.
        grace: Seconds between interrupting it and killing it; with 0 it is killed at once.
        group: Whether it has its own process group, which is killed as a whole.
    """
    if event is None:
        yield
        return
    ended = threading.Event()

    def wait() -> None:
        while not event.wait(0.05):
            if ended.is_set():
                return
        if grace and not ended.is_set():
            platform.interrupt(child)
        if not ended.wait(grace):
            platform.kill(child) if group else child.kill()

    threading.Thread(target=wait, name="ending", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def child_environment(env: Mapping[str, str] | None) -> dict[str, str] | None:
    """The variables of a child: this process's own and these; None if there are none to add."""
    return {**os.environ, **env} if env else None
