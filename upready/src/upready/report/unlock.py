"""What `invoke unlock` asks, and what it has done."""

from __future__ import annotations

import sys

from upready import report
from upready.support import next_step, streams
from upready.support.errors import UsageError


def accept(_: str) -> None:
    """The command line has said yes."""


def confirm(holder: str) -> None:
    """Have the user type `yes` before a lock is taken away.

    Raises:
        UsageError: Something else was typed, or there is no terminal to type it at.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{holder} has the lock, and nobody is here to confirm it", next=next_step.again("--yes"))
    report.errors().print(f"{holder} has the lock. Type yes where it is gone: ", end="", markup=False)
    if streams.lost("stderr") or streams.read_line().strip() != "yes":
        raise UsageError("not confirmed; the lock stays", next=next_step.AGAIN)


def shown(holder: str) -> int:
    """What a dry run tells; returns the exit code."""
    report.say(f"the lock of {holder} would be taken away" if holder else "nobody has the lock")
    report.say("nothing was done (--dry)")
    return 0


def ended(holder: str) -> int:
    """What was done; returns the exit code."""
    report.say(f"the lock of {holder} is taken away" if holder else "nobody has the lock")
    return 0
