"""Set one variable in `.env`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

from upready.dotenv import change
from upready.secrets import secret
from upready.stack.selection import Stack
from upready.support.errors import UsageError


@dataclass(frozen=True)
class Change:
    """What was set: the variable's name, and what its user should know of the value, a sentence each."""

    name: str
    notes: tuple[str, ...]


class Prompt(Protocol):
    """Asks for a value."""

    def __call__(self, text: str, *, sensitive: bool) -> str:
        """The answer; empty where there is none. What is typed for a secret is not shown."""


def set_variable(stack: Stack, assignment: str, prompt: Prompt) -> Change:
    """Set one variable, asking for its value where none is given.

    Args:
        stack: Whose `.env`.
        assignment: `NAME=VALUE`, or `NAME` alone.
        prompt: Asks for the value.

    Raises:
        UsageError: A secret was typed on the command line, no value was given, or the schema refuses the name or it.
    """
    name, given, value = assignment.partition("=")
    variable, sensitive = change.find(stack, name, value)
    if given and value and (sensitive or secret.passwords(value)):
        what = "is a secret" if sensitive else "would hold a password"
        raise UsageError(
            f"{name} {what}, and a command line is kept in the shell's history",
            details=["env.set asks for it, or reads it from standard input"],
            next=f"invoke env.set {name}",
        )
    if not given:
        value = prompt(f"{name}: ", sensitive=sensitive)
        if not value:
            raise UsageError(
                f"no value was given, so {name} stays as it is", next=f"to empty it: invoke env.set {name}="
            )
    change.change(stack, variable.name, value)
    notes = []
    doubt = change.doubt(stack, name, value)
    if doubt is not None:
        notes.append(f"{name} {doubt}, as its name and its default say")
    if name in os.environ:
        notes.append(f"{name} is set in the shell, too, and compose takes the shell's: unset {name}")
    return Change(name, tuple(notes))
