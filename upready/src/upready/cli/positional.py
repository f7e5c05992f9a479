"""What invoke's parser leaves open: arguments that may be left out, options without their value, unknown words.

It knows only positional arguments that must be given (`invoke diagnose [SERVICE]` may do without its own).

An option is filled by position while its value is None, and a None that is left is an error. So the default of such an
option is None, and it is filled with the empty string where no word for it has come.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from invoke.exceptions import Exit, ParseError
from invoke.parser.parser import ParseMachine

from upready.cli import value_names, word_errors
from upready.support.errors import OpsError

_OPTIONAL: set[tuple[str, str]] = set()
_WHOLE: dict[str, str] = {}
_COMMANDS: dict[str, str] = {}
_complete, _handle, _error = ParseMachine.complete_context, ParseMachine.handle, ParseMachine.error
_complete_flag, _see_value = ParseMachine.complete_flag, ParseMachine.see_value


def allow(task: str, option: str) -> None:
    """Let a task's positional option, whose default is None, be left out; the task is then given an empty string."""
    _OPTIONAL.add((task, option))
    _install()


def refuse_more(task: str, syntax: str) -> None:
    """Answer further words behind a task's own with how it is called, as wrong usage (code 2); `{word}` is the first.

    invoke would repeat the word, which may be a secret, as a task that it does not know.
    """
    _WHOLE[task] = syntax
    _install()


def take_command(task: str, syntax: str) -> None:
    """Let the words behind a task's own be a command, also without `--`; `syntax` shows them in its usage."""
    _COMMANDS[task] = syntax
    _install()


def commands() -> dict[str, str]:
    """The tasks that take a command, and how its words are shown."""
    return dict(_COMMANDS)


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
    ParseMachine.complete_flag = _complete_flag_with_value  # type: ignore[method-assign]
    ParseMachine.see_value = _see_a_value  # type: ignore[method-assign]


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
        if not word_errors.is_value(self, token) and _take_service(self.context, token):
            return
        refuse(word_errors.unknown(self, token, _WHOLE))
    except ValueError:
        refuse(word_errors.wrong_value(self, token))


def services(context: Any) -> Any:
    """The argument of a task that takes several services, also without an option; None where it takes none."""
    argument = context.flags.get("--service") if context and context.name else None
    return argument if argument is not None and argument.kind is list else None


def _take_service(context: Any, token: str) -> bool:
    """Take a word that is no task as a service of the task before it (`invoke logs web`); whether it is one."""
    argument = services(context)
    if argument is None or token.startswith("-"):
        return False
    argument.value = token  # invoke adds it to the list
    return True


def _complete_flag_with_value(self: Any) -> None:
    """The words of an option have ended; invoke knows of one without its value, but not where it may be repeated."""
    flag = self.flag
    if flag and flag.kind is list and not self.flag_got_value and not flag.optional:
        refuse(word_errors.without_value(self))
    _complete_flag(self)


def _see_a_value(self: Any, value: str) -> None:
    """An option's value has come; an empty one would be taken for none at all."""
    if value == "" and self.flag and self.context and value_names.known(self.flag):
        refuse(word_errors.without_value(self))
    _see_value(self, value)


def _error_with_step(self: Any, message: str) -> None:
    """The parser can go no further: an option without its value, an argument that is missing."""
    if message.startswith("No idea"):
        _error(self, message)
    refuse(word_errors.stuck(self, message, _WHOLE))


def refuse(error: OpsError) -> NoReturn:
    """Tell an error of the command line, and end with its exit code."""
    from upready import report

    report.failure(error, as_json="--json" in sys.argv)
    raise Exit(code=error.code) from None


def _fill(context: Any) -> None:
    for argument in context.missing_positional_args if context else ():
        if (context.name, argument.name) in _OPTIONAL:
            argument.set_value("", cast=False)
