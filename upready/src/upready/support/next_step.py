"""The next step of an error, a diagnosis or a finding: how it is put together.

A step is one way or several, a line each, the best first. A way is one of these:

- a command, which can be pasted: `invoke env.set API_PORT=8001`;
- what a person has to do or to know first, then `: ` and the command: `correct compose.yaml:12, then: invoke dev`;
- where there is no command, a few words.

Behind a command stands nothing more. Tests hold every step of the package to this (tests/unit/test_next_commands.py).
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Collection, Iterator

from upready.support import shell_words

AGAIN = "<the same command>"
"""In a step, the command line that was given; `upready.report.called_as` puts it in where the step is printed."""


_options: Collection[str] | None = None
"""The options of the task that runs; None where none does."""


@contextlib.contextmanager
def of_task(options: Collection[str]) -> Iterator[None]:
    """Within the block runs a task that has these options."""
    global _options  # noqa: PLW0603 - one process runs one task
    before, _options = _options, options
    try:
        yield
    finally:
        _options = before


def longer(seconds: float) -> str:
    """The command line that was given, with more time to become ready; empty where the task takes no `--timeout`."""
    if _options is not None and "timeout" not in _options:
        return ""
    whole = math.ceil(seconds)
    return again("--timeout", f"{whole}s" if whole % 60 else f"{whole // 60}m")


def again(option: str, value: str = "") -> str:
    """The command line that was given, with an option that is added, or has another value."""
    return " ".join(filter(None, [AGAIN, option, value]))


def instead(wrong: str, right: str) -> str:
    """The command line that was given, with one word corrected."""
    return f"<the same command with {right} for {wrong}>"


def either(*ways: str) -> str:
    """Several ways, the best first; those that are empty are left out."""
    return "\n".join(dict.fromkeys(filter(None, ways)))


def then(step: str, command: str) -> str:
    """A step, and the command that makes it count; a way that ends with a command of its own stays as it is."""
    return either(*(_then(way, command) for way in step.splitlines()))


def _then(way: str, command: str) -> str:
    if way.startswith("invoke env."):
        return shell_words.in_turn(way, command)
    return way if is_command(way) else f"{way}, then: {command}"


def is_command(way: str) -> bool:
    """Whether a way ends with a command."""
    return bool(_COMMAND.match(way.rpartition(": ")[2]))


PROGRAMS = frozenset(
    (
        *("cd", "chmod", "cmd", "copy", "cp", "dir", "docker", "export", "git", "icacls"),
        *("invoke", "kill", "ls", "mkdir", "move", "mv", "net", "netstat", "newgrp", "open"),
        *("pip", "rm", "ssh", "sudo", "taskkill", "unset", "uv", "uvx"),
    )
)
"""The programs that commands of steps begin with; `set` is a word as well."""

_COMMAND = re.compile(rf"({'|'.join(PROGRAMS)})(?= |$)|set \w+=|<the same command")
