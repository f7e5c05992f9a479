"""The words of a command line, read as invoke would: which task each belongs to, and where a command begins.

A command may stand behind the words of a task, with or without `--` before it: `invoke exec db psql -l`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Place:
    """Where one stands behind some words.

    Attributes:
        context: Invoke's description of the task that the last words belong to; None before the first task.
        awaited: The option whose value comes next.
        left: The positional arguments that have no word yet.
        given: What was given for each argument of the task so far, by its name; empty where it takes no value.
        command: The index of the first word of a command, or of `--`; None where there is neither.
    """

    context: Any = None
    awaited: Any = None
    left: list[Any] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    command: int | None = None


def read(words: Sequence[str], contexts: Mapping[str, Any], takers: Collection[str], core: Any = None) -> Place:
    """Read words from the first task on.

    A command begins at the first word behind the positional arguments of a task that takes one. An option before it is
    the task's own.

    Args:
        words: The words.
        contexts: Invoke's description of each task, by its name.
        takers: The tasks that take a command.
        core: Invoke's description of its own options, where these may stand among the words, too.
    """
    place = Place()
    for index, word in enumerate(words):
        if place.awaited:
            place.given[place.awaited.name] = word
            place.awaited = None
        elif word == "--":
            place.command = index
            break
        elif word.startswith("-"):
            _read_option(place, word, core)
        elif place.left:
            place.given[place.left.pop(0).name] = word
        elif place.context is not None and place.context.name in takers:
            place.command = index
            break
        elif word in contexts:
            context = contexts[word]
            place = Place(context, left=list(context.positional_args))
    return place


def split(words: Sequence[str], contexts: Mapping[str, Any], takers: Collection[str]) -> tuple[list[str], list[str]]:
    """The words for invoke, and those of the command that begins among them.

    Args:
        words: The command line, from the first task on and up to a `--`.
        contexts: Invoke's description of each task, by its name.
        takers: The tasks that take a command.
    """
    command = read(words, contexts, takers).command
    return (list(words), []) if command is None else (list(words[:command]), list(words[command:]))


def _read_option(place: Place, word: str, core: Any) -> None:
    flag, equals, value = word.partition("=")
    flag = getattr(place.context, "inverse_flags", {}).get(flag, flag)
    known = next((each.flags[flag] for each in (place.context, core) if each is not None and flag in each.flags), None)
    if known is None:
        return
    place.given[known.name] = value
    # An argument that is given by its name is not given by position.
    place.left = [each for each in place.left if each is not known]
    if known.takes_value and not equals:
        place.awaited = known
