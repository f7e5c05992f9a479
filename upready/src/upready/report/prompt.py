"""Read a value for `.env`: typed at a terminal, where a secret is not shown, or from standard input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from upready.report.env import aside
from upready.stack.selection import Stack
from upready.support import next_step, streams
from upready.support.errors import EnvFileError, InterruptError, UsageError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.dotenv.creation import Ask
    from upready.dotenv.schema import Variable


def asker(stack: Stack) -> Ask | None:
    """A function that asks for a value until it is valid or empty; None where there is no terminal."""
    from upready.dotenv import change
    from upready.envfile import quoting

    if not sys.stdin.isatty():
        return None

    def ask(variable: Variable) -> str:
        notes = [variable.description, *(f"see {address}" for address in variable.docs)]
        if variable.example:
            notes.append(f"such as {variable.example}")
        for note in filter(None, notes):
            aside(f"  {note}")
        while True:
            sensitive = change.find(stack, variable.name)[1]
            try:
                answer = value(f"{variable.name} (nothing leaves it open): ", sensitive=sensitive)
                wrong = change.judge(stack, variable, answer) if answer else None
                quoting.encode(answer)
            except (UsageError, quoting.UnwritableError) as error:
                wrong = f"cannot be that: {error}"
            if wrong is None:
                return answer
            aside(f"{variable.name} {wrong}")

    return ask


def confirm_kept(kept: str) -> None:
    """Have the user say whether values are to be taken back into `.env`; anything but no is yes.

    Args:
        kept: What would be taken back, and from where, in a sentence.

    Raises:
        EnvFileError: There is no terminal to ask at.
        UsageError: The answer was no.
    """
    if not sys.stdin.isatty() or streams.lost("stderr"):
        raise EnvFileError(
            f"{kept}, which .env no longer has, and nobody is here to say whether to take them back",
            details=["new ones may not open the data that are there; nothing was written"],
            next=next_step.again("--yes"),
        )
    aside(f"{kept}, which .env no longer has. New ones may not open the data that are there.")
    answer = value("Take them back into .env? [Y/n] ", sensitive=False).strip().lower()
    if answer not in ("", "y", "yes"):
        raise UsageError("not confirmed; nothing was written", next=f"with new ones: {_AFRESH}")


_AFRESH = "invoke env.init --new-secrets"


def value(text: str, *, sensitive: bool) -> str:
    """One value, typed at a terminal; else all of standard input but its last line end. Ctrl-D gives an empty value.

    Raises:
        UsageError: Standard input is closed, or the value is not UTF-8.
        InterruptError: The user pressed Ctrl-C.
    """
    if streams.no_input():
        step = f"with an input, or in a terminal: {AGAIN}"
        raise UsageError("standard input is closed, so no value can be read", next=step)
    if not sys.stdin.isatty():
        return streams.read_all().decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    try:
        answer = _typed(text, hidden=sensitive)
        # The locale may let bytes through that are not UTF-8.
        answer.encode()
    except EOFError:
        aside("")
        return ""
    except UnicodeError:
        raise UsageError("what was typed is not UTF-8", next=f"in a UTF-8 terminal: {AGAIN}") from None
    except KeyboardInterrupt:
        aside("")
        raise InterruptError("interrupted; nothing was changed", next=AGAIN) from None
    else:
        return answer


def _typed(text: str, *, hidden: bool) -> str:
    """A line that the user types."""
    if hidden:
        from getpass import getpass

        return getpass(text)
    sys.stderr.write(text)
    sys.stderr.flush()
    return streams.read_line().rstrip("\r\n")
