"""Everything that prints: for people with Rich, for scripts as JSON. Nothing else in `upready` prints.

People's output goes to stdout, problems to stderr. Colour and live views appear on a terminal only, and NO_COLOR is
honoured.
With `--json` one document goes to stdout and nothing else does.
"""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from upready.report import called_as
from upready.secrets import masking
from upready.support import streams
from upready.support.controls import neutralise
from upready.support.errors import OpsError
from upready.support.json_notation import encode

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160
"""Columns where there is no terminal to tell: wide enough that no table of ours is cut in a log file."""


@functools.cache
def console() -> Console:
    """Where people read."""
    return _console(stderr=False)


@functools.cache
def errors() -> Console:
    """Where problems, and progress beside a JSON document, are written."""
    return _console(stderr=True)


def clean(text: str) -> str:
    """A text that may quote what others said, without secrets and without control characters."""
    # Again behind it: colours may stand within a secret.
    return masking.hide(neutralise(masking.hide(text), colour=False))


def say(text: str, *, style: str | None = None, as_json: bool = False, quoted: bool = False) -> None:
    """One plain line for people; beside a JSON document it goes to stderr.

    It may quote what others said: control characters are shown, not obeyed. Where it is nothing but a quotation, its
    commands stay as they are.
    """
    out = errors() if as_json else console()
    out.print(
        clean(text if quoted else called_as.spoken(text)), style=style, markup=False, highlight=False, soft_wrap=True
    )


def warn(text: str) -> None:
    """One line about something that does not end the task, on stderr."""
    from rich.text import Text

    errors().print(Text.assemble(("warning: ", "yellow"), clean(called_as.spoken(text))), soft_wrap=True)


def command(words: Sequence[str]) -> None:
    """A command that is about to run, for `--debug`. A secret in it is what somebody typed (`invoke exec`)."""
    errors().print(f"$ {shlex.join(map(clean, words))}", style="dim", markup=False, soft_wrap=True)


def document(content: Mapping[str, Any], *, revealed: bool = False, quoted: bool = False) -> None:
    """The one JSON document of a task; without secrets, unless these were asked for.

    Where it is nothing but a quotation of the user's own files, its commands stay as they are.
    """
    content = content if quoted else called_as.spoken_in(content)
    content = content if revealed else masking.hide_in(content)
    sys.stdout.write(encode(content, indent=2) + "\n")
    sys.stdout.flush()


def line(content: Mapping[str, Any]) -> None:
    """One JSON object of a stream, on a line of its own; without secrets."""
    sys.stdout.write(encode(masking.hide_in(content)) + "\n")
    sys.stdout.flush()


def failure(error: OpsError, *, as_json: bool = False) -> None:
    """An error: what failed, the evidence, the next step. Where no document can be written, people are told."""
    if as_json and not streams.problem():
        document({"error": error.as_dict()})
        return
    from rich.text import Text

    sys.stdout.flush()
    out = errors()

    # Message and evidence are also what others printed: it must not move the cursor.
    out.print(Text.assemble(("error: ", "bold red"), (clean(called_as.spoken(error.message)), "bold")), soft_wrap=True)
    for line in error.details:
        out.print(Text(f"  {clean(line)}"), soft_wrap=True)
    for name, way in ways(error.next):
        out.print(Text.assemble((name, "bold"), clean(way)), soft_wrap=True)


def ways(step: str) -> list[tuple[str, str]]:
    """The ways of a next step as they are printed: what stands before each (`next: `, `  or: `), and the way."""
    spoken = called_as.spoken(step).splitlines()
    return [("  or: " if index else "next: ", way) for index, way in enumerate(spoken)]


def say_next(step: str) -> None:
    """A next step as lines of a task's own output."""
    for name, way in ways(step):
        say(f"{name}{way}", quoted=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, emoji=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, emoji=False, width=WIDE)
    return made
