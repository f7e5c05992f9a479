"""What one call is about: the project's folder, its settings, and the words of the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from upready.support import next_step, standing
from upready.support.errors import UsageError

if TYPE_CHECKING:  # heavy: `invoke --list` needs neither
    from upready.stack.selection import Stack
    from upready.stack.settings import Settings

ADOPT = "Take over containers that were started from another folder which may have been this one."
"""The help of an option that means the same in several commands."""

LOCK_WAIT = "Seconds to wait for another task that is at work on the project."
"""The same."""

KEEP = "How many releases that have served are kept; 5 by default."
"""The same."""

USUAL = 5
"""The number of things that an error offers where an option has no default."""

_command: list[str] = []
"""The words of a command that began without a `--`."""

_host: str | None = None
"""The value of `--host`; None in a task that asks no engine."""

_root: Path | None = None
"""The project's folder; one process works on one project."""

_seen: Path | None = None
"""The same folder by the path through which the user sees it."""


def enter(folder: Path) -> None:
    """From now on the project is the one in this folder."""
    global _root, _seen  # noqa: PLW0603 - see there
    _root = folder.resolve()
    _seen = standing.seen(folder)


def root() -> Path:
    """The project's folder: the one of its `tasks.py` or, for `upready`, of its compose file; else the current one."""
    return _root or Path()


def ask(host: str) -> None:
    """Note that the task asks an engine, and which one `--host` names; empty where it was not given."""
    global _host  # noqa: PLW0603 - one process runs one task
    _host = host


def given(runtime: str) -> list[str]:
    """The options by which another task finds the stack that this one was asked for."""
    host = ["--host", _host] if _host else []
    return [*host, *(["--runtime", runtime] if runtime else [])]


def settings(c: Context, runtime: str = "", environment: str = "", *, released: bool = False) -> Settings:
    """What `invoke.yaml` says. From now on, this process asks the engine that is meant.

    Args:
        c: invoke's.
        runtime: The value of `--runtime`, which counts more than the file.
        environment: The environment that the task is about; empty for the one that was started last.
        released: Whether it is about releases, and so about their environment.

    Raises:
        UsageError: There is no project, a setting is wrong, or there is no such engine.
    """
    from upready.stack import location, settings

    if _root is None:
        raise location.missing(Path.cwd(), above=True)
    found = settings.load(dict(c.config), _root, runtime, _seen)
    if _host is None:
        return found
    from upready.report import warn
    from upready.runtime import aim

    return aim.at(found, _host, settings.RELEASED if released else environment, warn)


def stack(c: Context, env: str) -> Stack:
    """The stack of an environment; of the first one that `invoke.yaml` names where none is chosen.

    Raises:
        UsageError: There is no such environment.
    """
    from upready.stack import selection

    found = settings(c)
    return selection.select(found, env or found.default)


def dry(c: Context) -> bool:
    """Whether invoke's `--dry` was given: only tell what would be done."""
    return bool(c.config.run.dry)


def would_run(task: str, words: Sequence[str]) -> int:
    """Under `--dry`: tell the command that a task would run; returns its exit code."""
    from upready.operations.step import Step
    from upready.report import plan
    from upready.support import shell_words

    return plan.steps(task, [Step("run", tuple(words), f"run {shell_words.line(words)}")], as_json=False)


def remainder() -> list[str]:
    """The words of the command behind a task's own, as the shell gave them: invoke joins them and loses their bounds.

    They stand behind a `--`, or begin before it (`take`).
    """
    words = sys.argv[1:]
    behind = words[words.index("--") :] if "--" in words else []
    return [*_command, *behind] if _command else behind[1:]


def take(command: Sequence[str]) -> None:
    """Take the words of a command that has begun without a `--`; one of its own may stand behind them."""
    _command[:] = command


def count(text: str, option: str, default: int) -> int:
    """A number of things as a user types it, 1 at least; `default` when nothing was typed, 0 for none.

    Raises:
        UsageError: It is none.
    """
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise UsageError(
            f"{option}: should be a number from 1, not {text!r}", next=next_step.again(option, str(default or USUAL))
        )
    return int(text)


def seconds(text: str, option: str) -> float | None:
    """A number of seconds as a user types it (`90`, `90s`, `1m30s`); None when nothing was typed.

    Raises:
        UsageError: It is none.
    """
    if not text:
        return None
    from upready.support import units

    found = units.parse_duration(f"{text.strip()}s" if text.strip()[-1:].isdigit() else text)
    if found is None:
        raise UsageError(
            f"{option}: should be a number of seconds such as 90, 90s or 1m30s, not {text!r}",
            next=next_step.again(option, "90s"),
        )
    from upready.stack.settings import LONGEST

    if found > LONGEST:
        raise UsageError(f"{option}: {text} is more than a year", next=next_step.again(option, "1h"))
    return found
