"""What the signals that end a process do: before, during and after a task, and while a child has the terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

from upready.support import platform, terminal

_ENDING = ("SIGINT", "SIGTERM", "SIGBREAK" if platform.WINDOWS else "SIGHUP")
"""Ctrl-C, a request to end, a terminal that closes."""

_QUIT = "SIGQUIT"
"""What Ctrl and a backslash send: it ends a process at once, and nothing is put right."""

_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_TYPED = ("SIGINT", "SIGQUIT")
"""Signals that a terminal sends when a key is pressed."""


def interrupt() -> None:
    """From now on each of these signals acts like Ctrl-C: the task and its children end, and the task says so."""
    for number in _numbers(_ENDING):
        signal.signal(number, signal.default_int_handler)


def leave(code: int) -> None:
    """From now on each of these signals ends this process at once with an exit code: there is no work to cut off.

    Python would otherwise print a traceback while it imports or shuts down, and invoke would end with code 1.
    """
    for number in _numbers(_ENDING):
        signal.signal(number, lambda *_: os._exit(code))


@contextlib.contextmanager
def passed_on() -> Iterator[Callable[[subprocess.Popen[Any]], None]]:
    """Pass signals on to a child during the block, which gives the child as soon as there is one.

    A terminal sends its signals to the child itself, so these are not passed on. On Windows, no others can be caught.
    """
    child: subprocess.Popen[Any] | None = None
    early: list[int] = []

    def take(number: int, _: FrameType | None) -> None:
        if platform.WINDOWS or (signal.Signals(number).name in _TYPED and terminal.may_send_signals()):
            return
        if child is None:
            early.append(number)
        else:
            child.send_signal(number)

    def give(started: subprocess.Popen[Any]) -> None:
        nonlocal child
        child = started
        for number in early:
            child.send_signal(number)

    before = {number: signal.signal(number, take) for number in _numbers({*_ENDING, *_PASSED_ON})}
    try:
        yield give
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stopping(notice: Callable[[], None]) -> Iterator[None]:
    """During the block, have Ctrl-Z only call `notice`: the terminal is to be put right before `stop`.

    Windows has no Ctrl-Z.
    """
    number = getattr(signal, "SIGTSTP", None)
    if number is None or signal.getsignal(number) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(number, lambda *_: notice())
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def quitting() -> Iterator[None]:
    """During the block, SIGQUIT acts like Ctrl-C: it would end the process before the terminal is put right.

    Windows has no such key.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in _numbers((_QUIT,))}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop() -> None:
    """Stop this process as Ctrl-Z does; returns when it is told to go on (`fg`)."""
    number = signal.SIGTSTP
    before = signal.signal(number, signal.SIG_DFL)
    try:
        os.kill(os.getpid(), number)
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """During the block, the signals that would end this process do nothing: the terminal is being put right."""
    before = {number: signal.signal(number, lambda *_: None) for number in _numbers((*_ENDING, _QUIT))}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers(names: Iterable[str]) -> list[int]:
    """The signals with these names that exist here and are not ignored: `nohup` ignores one on purpose."""
    found = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]
