"""Write `.env`, or add what it lacks; with ports and a name of the checkout's own where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from upready import dotenv
from upready.dotenv import creation, drafted
from upready.dotenv.creation import Ask
from upready.operations import isolation, kept_values
from upready.operations.isolation import Isolation
from upready.operations.kept_values import NOTHING, Confirm, Kept
from upready.operations.step import Step
from upready.stack.selection import Stack
from upready.stack.settings import Settings
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
        kept: What was taken back from containers, since `.env` no longer had it.
    """

    names: tuple[str, ...]
    waiting: tuple[str, ...]
    created: bool
    own: Isolation | None = None
    written: bool = True
    kept: Kept = NOTHING

    @property
    def made(self) -> tuple[str, ...]:
        """Those of the names that were generated, answered or added."""
        return tuple(each for each in self.names if each not in self.kept.values)

    def plan(self) -> list[Step]:
        """What writing it would do."""
        steps = []
        names = ", ".join(self.made) or "nothing"
        if self.kept.values:
            steps.append(Step("write", tuple(self.kept.values), f"take back into .env: {self.kept}"))
        if self.created and self.written:
            steps.append(Step("write", (".env",), f"write .env; generated: {names}"))
        elif self.made:
            steps.append(Step("write", self.made, f"add to .env, or fill there: {names}"))
        if self.own is not None:
            ports = "".join(f", {name}={port}" for name, port in self.own.ports.items())
            text = f"give this checkout a project name and ports of its own: {self.own.project}{ports}"
            steps.append(Step("write", (isolation.NAME, *self.own.ports), text))
        if self.waiting:
            text = f"leave to you, with env.set: {', '.join(self.waiting)}"
            steps.append(Step("ask", self.waiting, text))
        return steps


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke env.init`.

    Attributes:
        isolated: Whether the checkout gets a project name and ports of its own.
        afresh: Whether new secrets are wanted, though data are there that the old ones open.
    """

    isolated: bool = False
    afresh: bool = False


def initialise(
    settings: Settings, stack: Stack, options: Options, *, ask: Ask | None, confirm: Confirm | None
) -> Initialised:
    """Write a missing `.env`, or add what is missing; secrets are generated, or taken back where data need the old.

    Args:
        settings: The project's.
        stack: Whose `.env`.
        options: What is asked for.
        ask: Asks a person for what only they know; None leaves that open.
        confirm: Asked before values are taken back from containers; None where the command line has said yes.

    Raises:
        UsageError: There is no schema, `confirm` said no, or the stack runs under the name that would be changed.
        EnvFileError: A file cannot be read or written, or data need a secret that nobody has any more.
        EngineError: The engine that has the project's data does not answer.
    """
    created, written = not files.there(stack.env_file), _is_written(stack, options)
    kept = _kept(settings, stack, options, confirm) if written else NOTHING
    names = creation.initialise(stack, ask=ask, known=kept.values) if written else []
    own = isolation.isolate(stack) if options.isolated else None
    return Initialised(tuple(names), tuple(dotenv.still_open(stack)), created, own, written, kept)


def draft(settings: Settings, stack: Stack, options: Options) -> Initialised:
    """What `initialise` would write with nobody asked; nothing is written, and the errors are the same."""
    created, written = not files.there(stack.env_file), _is_written(stack, options)
    if not written:
        return Initialised((), tuple(dotenv.still_open(stack)), created, isolation.isolate(stack, dry=True), written)
    kept = _kept(settings, stack, options, None)
    with drafted.stack_with(stack, kept.values) as (later, names):
        own = isolation.isolate(later, dry=True) if options.isolated else None
        return Initialised(names or (), tuple(dotenv.still_open(later)), created, own, kept=kept)


def _kept(settings: Settings, stack: Stack, options: Options, confirm: Confirm | None) -> Kept:
    """What is taken back. A checkout that gets a name of its own with its first `.env` has no data yet."""
    if options.isolated and not files.there(stack.env_file):
        return NOTHING
    return kept_values.take(settings, stack, confirm, afresh=options.afresh)


def _is_written(stack: Stack, options: Options) -> bool:
    """Without an example there is nothing to write but what is this checkout's own."""
    return files.there(stack.example) or not options.isolated
