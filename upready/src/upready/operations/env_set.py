"""Set one variable in `.env`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

from upready.dotenv import change
from upready.operations.step import Step
from upready.secrets import secret
from upready.stack.selection import Stack
from upready.support import shell_words, yaml_location
from upready.support.errors import UsageError


@dataclass(frozen=True)
class Change:
    """What was set.

    Attributes:
        name: The variable.
        file: The file in which it is set, relative to the project's folder where it lies there.
        notes: What its user should know of the value, a sentence each.
        asks: Whether the value is still to be asked for, so that nobody knows it.
    """

    name: str
    file: str
    notes: tuple[str, ...]
    asks: bool = False

    def plan(self) -> list[Step]:
        """What setting it would do."""
        asking = [Step("ask", (self.name,), f"ask for the value of {self.name}")] if self.asks else []
        return [*asking, Step("write", (self.name,), f"set {self.name} in {self.file}")]


class Prompt(Protocol):
    """Asks for a value."""

    def __call__(self, text: str, *, sensitive: bool) -> str:
        """The answer; empty where there is none. What is typed for a secret is not shown."""


def set_variable(stack: Stack, assignment: str, prompt: Prompt, *, dry: bool = False) -> Change:
    """Set one variable, asking for its value where none is given.

    Args:
        stack: Whose `.env`.
        assignment: `NAME=VALUE`, or `NAME` alone.
        prompt: Asks for the value.
        dry: Whether only to find out that it could be set; then nobody is asked.

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
    file = yaml_location.relative(change.file_of(stack, name), stack.root)
    if not given and dry:
        return Change(name, file, (), asks=True)
    if not given:
        value = prompt(f"{name}: ", sensitive=sensitive)
        if not value:
            raise UsageError(
                f"no value was given, so {name} stays as it is", next=f"to empty it: invoke env.set {name}="
            )
    change.change(stack, variable.name, value, dry=dry)
    notes = []
    doubt = change.doubt(stack, name, value)
    if doubt is not None:
        notes.append(f"{name} {doubt}, as its name and its default say")
    if name in os.environ:
        notes.append(f"{name} is set in the shell, too, and compose takes the shell's: unset {name}")
    if not stack.read_files:
        unread = shell_words.removal("COMPOSE_DISABLE_ENV_FILE")
        notes.append(f"compose reads no {file}, as COMPOSE_DISABLE_ENV_FILE is set in the shell: {unread}")
    return Change(name, file, tuple(notes))
