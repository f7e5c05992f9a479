"""What invoke's parser leaves open: a positional argument that may be left out, and words that nobody understands.

It knows only positional arguments that must be given (`invoke diagnose [SERVICE]` may do without its own).

An option is filled by position while its value is None, and a None that is left is an error. So the default of such an
option is None, and it is filled with the empty string where no word for it has come.
"""

from __future__ import annotations

import shlex
import sys
from typing import Any, NoReturn

from invoke.exceptions import Exit, ParseError
from invoke.parser.parser import ParseMachine

from upready.support import spelling
from upready.support.errors import OpsError, UsageError

_OPTIONAL: set[tuple[str, str]] = set()
_WHOLE: dict[str, str] = {}
_complete, _handle, _error = ParseMachine.complete_context, ParseMachine.handle, ParseMachine.error


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


def may_be_left_out(task: str, option: str) -> bool:
    """Whether a positional option of a task needs no word."""
    return (task, option) in _OPTIONAL


def explain_words() -> None:
    """Answer a word that invoke does not understand with the next step, too."""
    _install()


def _install() -> None:
    ParseMachine.complete_context = _complete_without  # type: ignore[method-assign]
    ParseMachine.handle = _handle_without  # type: ignore[method-assign]
    ParseMachine.error = _error_with_step  # type: ignore[method-assign,assignment]


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
        _refuse(_unknown(self, token))


def _error_with_step(self: Any, message: str) -> None:
    """The parser can go no further: an option without its value, an argument that is missing."""
    if message.startswith("No idea"):
        _error(self, message)
    task = self.context.name if self.context else None
    if "needed value" in message:
        said = f"{'-' if len(self.flag.name) == 1 else '--'}{self.flag.name} needs a value"
    elif "did not receive" in message:
        said = f"{', '.join(each.name for each in self.context.missing_positional_args)} is missing"
    else:
        # It may quote a word that is a secret, where a task takes one.
        said = "a word too many" if task in _WHOLE else message
    _refuse(UsageError(f"{task or 'invoke'}: {said}", next=_WHOLE.get(task or "", _help(task))))


def _refuse(error: OpsError) -> NoReturn:
    from upready import report

    report.failure(error, as_json="--json" in sys.argv)
    raise Exit(code=error.code) from None


def _unknown(machine: Any, token: str) -> OpsError:
    """The error of a word that is neither an option nor a task; only behind no task at all it is invoke's own code."""
    option, context = token.partition("=")[0], machine.context
    task = context.name if context else None
    if not task:
        if option.startswith("-"):
            return OpsError(f"invoke has no option {option}", next=_help(task))
        return OpsError(f"there is no task {token!r}{spelling.meant(token, machine.contexts)}", next="invoke --list")
    if option.startswith("-"):
        near = spelling.meant(option, (each for each in context.flags if each.startswith("--")))
        named = option if near or task not in _WHOLE else "of that name"
        return UsageError(f"{task} has no option {named}{near}", next=_help(task))
    if task in _WHOLE:
        return UsageError(f"{task}: a word too many", next=_WHOLE[task])
    if "--service" in context.flags:
        step = f"invoke {task} --service {shlex.quote(token)}"
        return UsageError(f"there is no task {token!r}, and {task} takes a service as an option", next=step)
    return UsageError(f"there is no task {token!r}, and {task} takes no word behind it", next=_help(task))


def _help(task: str | None) -> str:
    return f"invoke --help {task}" if task else "invoke --help"


def _fill(context: Any) -> None:
    for argument in context.missing_positional_args if context else ():
        if (context.name, argument.name) in _OPTIONAL:
            argument.set_value("", cast=False)
