"""The errors of words on the command line that invoke cannot use: what was meant, and the next step.

Each is made from invoke's parsing machine, which knows the task and the option that it has come to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upready.cli import compose_words, value_names
from upready.support import shell_words, spelling
from upready.support.errors import OpsError, UsageError


def unknown(machine: Any, token: str, whole: Mapping[str, str]) -> OpsError:
    """A word that is neither an option nor a task; only behind no task at all it is invoke's own code.

    Args:
        machine: Invoke's parser.
        token: The word.
        whole: The tasks that take no further word, which may be a secret, and how they are called.
    """
    task = machine.context.name if machine.context else None
    if token.startswith("-"):
        option = token.partition("=")[0]
        return _no_option(machine, option, whole) if task else _no_core_option(machine, option)
    if not task:
        return no_task(token, machine.contexts)
    if task in whole:
        return UsageError(f"{task}: a word too many", next=whole[task].format(word=_first(machine.context)))
    if is_value(machine, token):
        return _usage(machine, f"{_spelled(machine.flag)} takes no value")
    return UsageError(f"there is no task {token!r}, and {task} takes no word behind it", next=_help(task))


def is_value(machine: Any, token: str) -> bool:
    """Whether a word was given to an option that takes none (`--build=no`)."""
    flag = machine.flag
    return bool(flag) and not flag.takes_value and f"{_spelled(flag)}={token}" in sys.argv


def _first(context: Any) -> str:
    """The word that has come for a task's first argument, without what is behind `=`: that may be a secret."""
    given = next((each.value for each in context.args.values() if each.positional and each.value), "")
    return shell_words.word(str(given).partition("=")[0])


def no_task(name: str, tasks: Iterable[str]) -> OpsError:
    """A task that there is not, with the one that was meant."""
    words = sys.argv[1:]
    behind = words[words.index(name) + 1 :] if name in words else []
    if known := compose_words.task_for(name, behind):
        return UsageError(f"there is no task {name!r}; here that is invoke {known}", next=f"invoke {known}")
    return OpsError(f"there is no task {name!r}{spelling.meant(name, tasks)}", next="invoke --list")


def without_value(machine: Any) -> OpsError:
    """An option that came without its value: what it takes."""
    option, takes = _spelled(machine.flag), value_names.of(machine.flag)
    return _usage(machine, f"{option} needs a value: {option} {takes}", [machine.flag.help or ""])


def wrong_value(machine: Any, value: str) -> OpsError:
    """A value that is no number, where an option takes one."""
    return _usage(machine, f"{_spelled(machine.flag)} takes a {value_names.of(machine.flag)}, and {value!r} is none")


def stuck(machine: Any, message: str, whole: Mapping[str, str]) -> OpsError:
    """What invoke's parser says where it can go no further, in our words."""
    if "needed value" in message:
        return without_value(machine)
    if "doesn't take any value" in message:
        return _usage(machine, f"{_spelled(machine.flag)} takes no value")
    if "did not receive" in message:
        return _usage(machine, f"{', '.join(each.name for each in machine.context.missing_positional_args)} is missing")
    # It may quote a word that is a secret, where a task takes one.
    hidden = machine.context is not None and machine.context.name in whole
    return _usage(machine, "a word too many" if hidden else message)


def _no_option(machine: Any, option: str, whole: Mapping[str, str]) -> OpsError:
    """An option that a task does not have; one that is near to none may be a secret, where a task takes one."""
    context = machine.context
    near = spelling.meant(option, (each for each in (*context.flags, *context.inverse_flags) if len(each) > 2))
    named = option if near or context.name not in whole else "of that name"
    return UsageError(f"{context.name} has no option {named}{near}", next=_help(context.name))


def _no_core_option(machine: Any, option: str) -> OpsError:
    """An option before the first task: one of a task's own stands behind it."""
    words = sys.argv[1:]
    for name in words:
        if name in machine.contexts and option in machine.contexts[name].flags:
            told = f"{option} is an option of {name}, and stands behind it"
            return UsageError(told, next=f"invoke {name} {_given(words, option, machine)}")
    near = spelling.meant(option, machine.initial.flags if machine.initial else ())
    return OpsError(f"there is no option {option}{near}", next=_help(None))


def _given(words: Sequence[str], option: str, machine: Any) -> str:
    """An option as it was given before its task, with its value where it had one."""
    index = next(number for number, word in enumerate(words) if word.partition("=")[0] == option)
    value = words[index + 1]
    taken = words[index] == option and value not in machine.contexts and not value.startswith("-")
    return " ".join(map(shell_words.word, words[index : index + 1 + taken]))


def _usage(machine: Any, said: str, details: Sequence[str] = ()) -> OpsError:
    task = machine.context.name if machine.context else None
    return UsageError(f"{task or 'invoke'}: {said}", details=[each for each in details if each], next=_help(task))


def _spelled(flag: Any) -> str:
    name = flag.names[0].rstrip("_").replace("_", "-")
    return f"{'-' if len(name) == 1 else '--'}{name}"


def _help(task: str | None) -> str:
    return f"invoke --help {task}" if task else "invoke --help"
