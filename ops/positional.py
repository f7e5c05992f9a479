"""A positional argument that may be left out (`invoke diagnose [SERVICE]`): invoke knows only those that must be given.

An option is filled by position while its value is None, and a None that is left is an error. So the default of such an
option is None, and it is filled with the empty string where no word for it has come.
"""

from __future__ import annotations

import sys
from typing import Any

from invoke.exceptions import Exit, ParseError
from invoke.parser.parser import ParseMachine

from ops.errors import UsageError

_OPTIONAL: set[tuple[str, str]] = set()
_WHOLE: dict[str, str] = {}
_complete, _handle = ParseMachine.complete_context, ParseMachine.handle


def allow(task: str, option: str) -> None:
    """Let a task's positional option, whose default is None, be left out; the task is then given an empty string."""
    _OPTIONAL.add((task, option))
    _install()


def refuse_more(task: str, syntax: str) -> None:
    """Answer further words behind a task's own with how it is called, as wrong usage (code 2).

    invoke would repeat the word, which may be a secret, as a task that it does not know.
    """
    _WHOLE[task] = syntax
    _install()


def _install() -> None:
    ParseMachine.complete_context = _complete_without  # type: ignore[method-assign]
    ParseMachine.handle = _handle_without  # type: ignore[method-assign]


def _complete_without(self: Any) -> None:
    """A task's words have ended."""
    _fill(self.context)
    _complete(self)


def _handle_without(self: Any, token: str) -> None:
    """A word has come; an option that is not the task's own (`--help`) is no value of an argument."""
    if token.startswith("-") and self.context and token.partition("=")[0] not in self.context.flags:
        _fill(self.context)
    try:
        _handle(self, token)
    except ParseError:
        task = self.context.name if self.context else None
        if token.startswith("-") or task not in _WHOLE:
            raise
        from ops import report

        report.failure(UsageError(f"{task}: a word too many", next=_WHOLE[task]), as_json="--json" in sys.argv)
        raise Exit(code=UsageError.code) from None


def _fill(context: Any) -> None:
    for argument in context.missing_positional_args if context else ():
        if (context.name, argument.name) in _OPTIONAL:
            argument.set_value("", cast=False)
