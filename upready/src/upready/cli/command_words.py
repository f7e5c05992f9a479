"""A command behind the words of a task, with or without `--` before it: `invoke exec db psql -l`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def split(words: Sequence[str], contexts: Mapping[str, Any], takers: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The words for invoke, and those of the command that begins among them.

    A command begins at the first word behind the positional arguments of a task that takes one. An option before it is
    the task's own.

    Args:
        words: The command line, from the first task on and up to a `--`.
        contexts: Invoke's description of each task, by its name.
        takers: The tasks that take a command.
    """
    context, left = None, 0
    awaited = False
    for index, word in enumerate(words):
        if awaited:
            awaited = False
        elif word.startswith("-") and context is not None:
            flag, equals, _ = word.partition("=")
            known = context.flags.get(flag)
            awaited = known is not None and known.takes_value and not equals
            # An argument that is given by its name is not given by position.
            left -= known is not None and known.positional
        elif left > 0:
            left -= 1
        elif context is not None and context.name in takers:
            return list(words[:index]), list(words[index:])
        elif word in contexts:
            context = contexts[word]
            left = len(context.positional_args)
    return list(words), []
