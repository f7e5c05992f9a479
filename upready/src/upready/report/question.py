"""A question that has to be answered before something is done."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from upready import report
from upready.support import next_step, streams
from upready.support.errors import UsageError


def can_be_asked() -> bool:
    """Whether somebody is there who reads a question and types an answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, details: Sequence[str]) -> None:
    """Have the user type `yes` before something is done.

    Args:
        question: A sentence that says what is about to happen.
        details: More about that, a sentence each.

    Raises:
        UsageError: Something else was typed, or nobody is there to type it.
    """
    if not can_be_asked():
        raise UsageError(
            f"{question}, and nobody is here to confirm it", details=details, next=next_step.again("--yes")
        )
    report.say(question, style="bold", as_json=True)
    for each in details:
        report.say(f"  {each}", as_json=True)
    report.errors().print("Type yes to go on: ", end="", markup=False)
    # Without stderr the user has not seen the question.
    if streams.lost("stderr") or streams.read_line().strip() != "yes":
        raise UsageError("not confirmed; nothing was changed", next=next_step.AGAIN)
