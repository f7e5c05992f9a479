"""The one edge to child processes: find a program, run it, stream its lines, interrupt it cleanly.

Commands are argument lists, never a shell's. Output is UTF-8 whatever the system's code page says; bytes that are not
are replaced, never fatal. invoke's own `c.run` is not used: it copies all output at every chunk (quadratic) and breaks
multi-byte characters at chunk ends (measured: 5,000 lines/s).
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
"""Told of every command that is started; set by `--debug`."""

INTERRUPT_GRACE = 10.0
"""Seconds that an interrupted child gets to end by itself."""


@dataclass(frozen=True)
class Result:
    """What a finished child left: its command, exit code (negative: killed by that signal), and text."""

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
    """Run a command to its end and capture what it prints.

    Args:
        command: The program and its arguments.
        cwd: The folder to run in; the current one by default.
        env: Variables that are added to this process's own.
        stdin: Text for its standard input; none (end of file) by default.
        timeout: Seconds after which it is killed.
        abandon: When set, it is killed.

    Raises:
        OSError: There is no such program, or it cannot be executed.
        subprocess.TimeoutExpired: It ran longer than `timeout`.
    """
    with _child(command, cwd, env, subprocess.PIPE if stdin is not None else subprocess.DEVNULL) as child:
        try:
            with _ended_by(child, abandon):
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
    """Run a command and hand over each line of its output (both streams, as they come) without its line end.

    Args:
        command: The program and its arguments.
        on_line: Called for every line, in the calling thread.
        cwd: The folder to run in.
        env: Variables that are added to this process's own.
        cancel: When set, the command is interrupted as Ctrl-C would.
        abandon: When set, it is killed.

    Returns:
        The exit code.
    """
    with (
        _child(command, cwd, env, subprocess.DEVNULL, merged=True) as child,
        _ended_by(child, cancel, INTERRUPT_GRACE),
        _ended_by(child, abandon),
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

    Signals are the child's to answer: a terminal sends it Ctrl-C, what reaches this process alone is passed on, and
    this process waits for what the child makes of it.

    Args:
        command: The program and its arguments.
        cwd: The folder to run in.
        env: Its variables.
        inherit: Whether it gets this process's own variables, too.
        abandon: When set, it is ended, and the terminal is as it was before.

    Returns:
        The exit code; 128 + N when signal N ended it, as a shell tells it.

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
        with _ended_by(child, abandon, group=False):
            code = platform.exit_code(child.wait())
    if abandon is not None and abandon.is_set():
        restore()
    return code


@contextlib.contextmanager
def _child(
    command: Sequence[str],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int,
    *,
    merged: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """A child in a group of its own that never outlives the block: interrupted, and killed when that does not help."""
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
    """Interrupt a child, wait, and kill what has not ended; a second Ctrl-C kills it at once.

    What the child still prints is read away: with a full pipe it could not end by itself.
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
def _ended_by(
    child: subprocess.Popen[Any], event: threading.Event | None, grace: float = 0.0, *, group: bool = True
) -> Iterator[None]:
    """End a child that still runs when an event is set during the block.

    Args:
        child: The child.
        event: Nothing is done without one.
        grace: Seconds that it gets to end by itself, after it was interrupted; without any it is killed.
        group: Whether it has a group of its own, which ends with it.
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
    """The variables of a child: this process's own, and these; None where there are none to add."""
    return {**os.environ, **env} if env else None
