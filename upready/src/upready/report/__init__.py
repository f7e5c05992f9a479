"""Print, for people with Rich, for scripts as JSON. Nothing else in `upready` prints.

Output for people goes to stdout; problems, and what a person may do next, go to stderr. Only a terminal gets colours
and live views; NO_COLOR counts.
With `--json` stdout gets one document and nothing else.
"""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from upready.report import called_as
from upready.support import streams
from upready.support.controls import neutralise
from upready.support.errors import OpsError
from upready.support.json_notation import encode

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 160
"""Columns where the output is no terminal: wide enough that no table is cut in a log file."""


@functools.cache
def console() -> Console:
    """The console for output."""
    return _console(stderr=False)


@functools.cache
def errors() -> Console:
    """The console for problems, and for progress beside a JSON document."""
    return _console(stderr=True)


def clean(text: str) -> str:
    """A text that may quote other programs, without secrets and control characters."""
    from upready.secrets import masking

    # Masked twice: colours may stand between the letters of a secret.
    return masking.hide(neutralise(masking.hide(text), colour=False))


def say(text: str, *, style: str | None = None, as_json: bool = False, quoted: bool = False) -> None:
    """One plain line for people; beside a JSON document it goes to stderr.

    Args:
        text: The line. It may quote other programs: control characters are made visible.
        style: A style of Rich.
        as_json: Whether stdout is for a JSON document.
        quoted: Whether all of it is quoted from the user's files, so that `invoke …` in it is left as it is.
    """
    out = errors() if as_json else console()
    out.print(
        clean(text if quoted else called_as.spoken(text)), style=style, markup=False, highlight=False, soft_wrap=True
    )


def hint(text: str) -> None:
    """One line for a person, on stderr: what they may do next. Whoever reads stdout gets the result alone."""
    errors().print(clean(called_as.spoken(text)), markup=False, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """A warning on stderr, for something that does not end the task."""
    from rich.text import Text

    errors().print(Text.assemble(("warning: ", "yellow"), clean(called_as.spoken(text))), soft_wrap=True)


def command(words: Sequence[str]) -> None:
    """A command that is about to run, for `--debug`. The user may have typed a secret in it (`invoke exec`)."""
    errors().print(f"$ {shlex.join(map(clean, words))}", style="dim", markup=False, soft_wrap=True)


def document(content: Mapping[str, Any], *, revealed: bool = False, quoted: bool = False) -> None:
    """The one JSON document of a task, without secrets unless `revealed`; `quoted` as in `say`.

    It says which engine was asked, unless all of it is quoted from elsewhere.
    """
    from upready.engine import chosen
    from upready.secrets import masking

    if chosen.asked and not quoted and content.get("runtime") != "native":
        content = {**content, "engine": dict(chosen.asked)}
    content = content if quoted else called_as.spoken_in(content)
    content = content if revealed else masking.hide_in(content)
    sys.stdout.write(encode(content, indent=2) + "\n")
    sys.stdout.flush()


def line(content: Mapping[str, Any]) -> None:
    """One JSON object of a stream, on its own line, without secrets."""
    from upready.secrets import masking

    sys.stdout.write(encode(masking.hide_in(content)) + "\n")
    sys.stdout.flush()


def failure(error: OpsError, *, as_json: bool = False) -> None:
    """An error: what failed, the evidence, the next step; for people also where no document can be written."""
    if as_json and not streams.problem():
        document({"error": error.as_dict()})
        return
    from rich.text import Text

    sys.stdout.flush()
    out = errors()

    # Message and evidence may quote other programs, whose output must not move the cursor.
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
