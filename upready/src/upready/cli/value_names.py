"""What a value of an option is called, in the help and where one is missing: `--timeout SECONDS`."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "assignment": "NAME=VALUE",
    "env": "ENVIRONMENT",
    "exclude": "PATTERN",
    "format": "FORMAT",
    "grep": "PATTERN",
    "host": "NAME",
    "file": "FILE",
    "jobs": "NUMBER",
    "k": "NAME",
    "level": "LEVEL",
    "name": "NAME",
    "output": "PATH",
    "profile": "PROFILE",
    "replica": "NUMBER",
    "runtime": "RUNTIME",
    "service": "SERVICE",
    "shell": "SHELL",
    "since": "TIME",
    "tail": "LINES",
    "task": "TASK",
    "timeout": "SECONDS",
    "until": "TIME",
    "wait": "SECONDS",
    "with": "FILE",
}
"""By the option's name; one name means the same in every task."""


def known(argument: Any) -> bool:
    """Whether an option is one of those that mean the same in every task."""
    return argument.name.rstrip("_") in _NAMES


def of(argument: Any) -> str:
    """The name of an argument's value; the empty string where it takes none (`--json`)."""
    if not argument.takes_value:
        return ""
    return _NAMES.get(argument.name.rstrip("_"), "NUMBER" if argument.kind is int else "VALUE")
