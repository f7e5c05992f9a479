"""Write `.env`, or add what it lacks; with ports and a name of the checkout's own where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from upready import dotenv
from upready.dotenv import creation, drafted
from upready.dotenv.creation import Ask
from upready.operations import isolation
from upready.operations.isolation import Isolation
from upready.operations.step import Step
from upready.stack.selection import Stack
from upready.support import files


@dataclass(frozen=True)
class Initialised:
    """What was written.

    Attributes:
        names: The variables that were generated, answered or added; for a new file only those that hold more than their
            default.
        waiting: The variables that still wait for a value of the user's.
        created: Whether there was no `.env` before.
        own: What is this checkout's own; None where that was not wanted.
        written: Whether anything was.
    """

    names: tuple[str, ...]
    waiting: tuple[str, ...]
    created: bool
    own: Isolation | None = None
    written: bool = True

    def plan(self) -> list[Step]:
        """What writing it would do."""
        steps = []
        names = ", ".join(self.names) or "nothing"
        if self.created and self.written:
            steps.append(Step("write", (".env",), f"write .env; generated: {names}"))
        elif self.names:
            steps.append(Step("write", self.names, f"add to .env, or fill there: {names}"))
        if self.own is not None:
            ports = "".join(f", {name}={port}" for name, port in self.own.ports.items())
            text = f"give this checkout a project name and ports of its own: {self.own.project}{ports}"
            steps.append(Step("write", (isolation.NAME, *self.own.ports), text))
        if self.waiting:
            text = f"leave to you, with env.set: {', '.join(self.waiting)}"
            steps.append(Step("ask", self.waiting, text))
        return steps


def initialise(stack: Stack, *, ask: Ask | None, isolated: bool) -> Initialised:
    """Write a missing `.env`, or add what is missing; secrets are generated.

    Args:
        stack: Whose `.env`.
        ask: Asks a person for what only they know; None leaves that open.
        isolated: Whether the checkout gets a project name and ports of its own.

    Raises:
        UsageError: There is no schema, or the stack runs under the name that would be changed.
        EnvFileError: A file cannot be read or written.
    """
    created, written = not files.there(stack.env_file), _is_written(stack, isolated)
    names = creation.initialise(stack, ask=ask) if written else []
    own = isolation.isolate(stack) if isolated else None
    return Initialised(tuple(names), tuple(dotenv.still_open(stack)), created, own, written)


def draft(stack: Stack, *, isolated: bool) -> Initialised:
    """What `initialise` would write with nobody asked; nothing is written, and the errors are the same."""
    created, written = not files.there(stack.env_file), _is_written(stack, isolated)
    if not written:
        return Initialised((), tuple(dotenv.still_open(stack)), created, isolation.isolate(stack, dry=True), written)
    with drafted.stack_with(stack) as (later, names):
        own = isolation.isolate(later, dry=True) if isolated else None
        return Initialised(names or (), tuple(dotenv.still_open(later)), created, own)


def _is_written(stack: Stack, isolated: bool) -> bool:
    """Without an example there is nothing to write but what is this checkout's own."""
    return files.there(stack.example) or not isolated
