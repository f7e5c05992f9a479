"""From the verdict of the validator to what is stored with a diagram."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.admission import OverloadedError
from app.caller import while_waited_for
from app.errors import CallerGoneError, ValidatorRefusedError, ValidatorUnavailableError
from app.validator import Verdict

if TYPE_CHECKING:
    from fastapi import Request

    from app.caller import Caller
    from app.services import Services

logger = logging.getLogger(__name__)

NOT_JUDGED = ("It was not validated", "It could not be validated")  # the beginnings of warnings that a verdict removes
LATER = "It was not validated: the validator does not answer, or is busy. It is validated later, by itself."


@dataclass(frozen=True)
class Judgement:
    """A verdict as it is stored.

    Attributes:
        validated: Whether the diagram is valid and, as far as is known, drawable; None if that is undecided.
        later: Whether to ask the validator again later.
    """

    validated: bool | None
    diagram_type: str | None
    warnings: list[str]
    later: bool = False


async def judge(request: Request, services: Services, caller: Caller, code: str) -> Judgement:
    """Validate the code of a caller, or later if the validator cannot do it now, or if the caller does not wait."""

    async def ask() -> Judgement:
        async with services.admission.place(caller.identity):
            return of(await services.validator.validate(code))

    try:
        return await while_waited_for(request, ask())
    except CallerGoneError:
        return Judgement(None, None, [LATER], later=True)
    except (OverloadedError, ValidatorUnavailableError, ValidatorRefusedError) as error:
        logger.warning("a diagram is validated later: %s", error)
        return Judgement(None, None, [LATER], later=True)


def of(verdict: Verdict) -> Judgement:
    """The verdict as it is stored."""
    if verdict.valid is None:
        # A machine that is busy with other things lacks the time for a small diagram, too.
        return Judgement(None, None, [undecided(verdict)], later=True)
    if not verdict.valid:
        return Judgement(False, verdict.diagram_type, [f"Not valid: {line}" for line in errors(verdict)])
    if verdict.drawable is False:
        return Judgement(False, verdict.diagram_type, [f"It cannot be drawn: {line}" for line in errors(verdict)])
    # It is valid, but may be slow to draw.
    return Judgement(True, verdict.diagram_type, [f"It is {verdict.reason}."] if verdict.reason else [])


def undecided(verdict: Verdict) -> str:
    """The warning for a diagram that could not be validated in time."""
    return f"It was not validated: {verdict.reason}."


def errors(verdict: Verdict) -> list[str]:
    """A line for each error: the line number, the message and the text there."""
    lines = []
    for error in verdict.errors:
        where = f"line {error.line}: " if error.line else ""
        excerpt = f" (at: {error.excerpt})" if error.excerpt else ""
        lines.append(where + " ".join(error.message.split()) + excerpt)
    return lines or ["it is not valid Mermaid"]
