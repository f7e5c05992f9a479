"""From a prompt to a diagram: the model writes, the validator checks, the model corrects its errors."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum

from app import diagram_types, instructions, judgement
from app.answer import CODE_LIMIT, Answer, fits, without_talk
from app.caller import CURRENT
from app.diagram import Content
from app.errors import CallerGoneError, ValidatorRefusedError, ValidatorUnavailableError, WriterError
from app.instructions import Order
from app.progress import Progress
from app.validator import Validator, Verdict
from app.writer import Writer

logger = logging.getLogger(__name__)

CONCURRENT = 50  # diagrams that one worker writes at the same time
EACH = 25  # of them for one caller
BUSY_AFTER = 5  # seconds that a caller should wait if there are more
BUSY_PAUSE = 1.0  # seconds before a busy validator is asked once more


class Worth(IntEnum):
    """How good an answer is; a higher number is better."""

    NO_DIAGRAM = 0  # something else, such as an apology
    CUT_OFF = 1
    NOT_JUDGED = 2
    INVALID = 3
    UNDRAWABLE = 4
    OTHER_TYPE = 5
    GOOD = 6


@dataclass
class Draft:
    """An answer of the model, with the verdict of the validator."""

    code: str
    worth: Worth = Worth.NOT_JUDGED
    diagram_type: str | None = None
    warnings: list[str] = field(default_factory=list)


class Generator:
    """Writes diagrams.

    Args:
        writer: The language model.
        validator: The MCP server.
        attempts: How many answers of the model one diagram may take.
        timeout: Seconds that one diagram may take.
    """

    def __init__(self, writer: Writer, validator: Validator, *, attempts: int, timeout: float) -> None:
        self._writer = writer
        self._validator = validator
        self._attempts = attempts
        self._timeout = timeout
        self._running: Counter[str] = Counter()  # by caller

    async def generate(self, order: Order, progress: Progress) -> Content:
        """Write a diagram. Returns the best one within the attempts and the time, or until the work was stopped.

        Raises:
            WriterError: The model gave no usable answer, or too many diagrams are being written (`busy`).
            CallerGoneError: The work was stopped before there was an answer.
        """
        caller = CURRENT.get()
        if self._running.total() >= CONCURRENT or self._running[caller] >= EACH:
            raise WriterError("busy", f"{self._running.total()} diagrams are being written", BUSY_AFTER)
        self._running[caller] += 1
        try:
            return await self._generate(order, progress)
        finally:
            self._running[caller] -= 1
            if not self._running[caller]:
                del self._running[caller]

    async def close(self) -> None:
        """Close the connections to the language model."""
        await self._writer.close()

    async def _generate(self, order: Order, progress: Progress) -> Content:
        drafts: list[Draft] = []
        attempts = 0
        failure: WriterError | None = None  # of the last attempt
        messages = order.question
        try:
            async with progress.within(self._timeout):
                while attempts < self._attempts:
                    progress.next(self._attempts)
                    try:
                        answer = await self._writer.write(order.model, messages, progress)
                    except WriterError as error:
                        if error.kind != "empty":
                            raise
                        attempts += 1
                        failure = error
                        messages = instructions.again(order.question, None, instructions.EMPTY)
                        continue
                    attempts += 1
                    failure = None
                    drafts.append(Draft(answer.code))  # kept before it is validated, since the time may end during that
                    feedback = await self._judge(drafts[-1], answer, order.wanted, progress)
                    if feedback is None:
                        break
                    messages = instructions.again(order.question, answer.code, feedback)
        except TimeoutError:
            if progress.stopped:
                failure = WriterError("timeout", "the caller was gone")
            else:
                logger.warning("a diagram took more than %g s", self._timeout)
                failure = WriterError("timeout", f"the time of {self._timeout:g} s was over")
        except WriterError as error:
            failure = error
        best = max(reversed(drafts), key=lambda draft: draft.worth, default=None)  # the last one of equals
        if best is None or best.worth is Worth.NO_DIAGRAM:
            if progress.stopped:
                raise CallerGoneError
            raise failure or WriterError("no-diagram", f"the model answered: {_start(drafts[-1].code)}")
        if failure:
            missed = "validated" if best.worth is Worth.NOT_JUDGED else "repaired"
            best.warnings.append(f"It could not be {missed}: {failure}.")
        return _content(best, order.model, attempts)

    async def _judge(self, draft: Draft, answer: Answer, wanted: str | None, progress: Progress) -> str | None:
        """Set the worth of a draft. Returns what to tell the model if it should try again, else None."""
        if not answer.complete:
            draft.worth = Worth.CUT_OFF
            draft.warnings.append("The model's answer was cut off.")
            return instructions.CUT_OFF
        if not fits(draft.code):
            draft.worth = Worth.CUT_OFF
            draft.warnings.append(f"It has more than the {CODE_LIMIT} characters that the validator takes.")
            return instructions.TOO_LONG
        try:
            verdict = await self._verdict(draft.code)
            if verdict.valid is False and (shorter := without_talk(draft.code)):
                again = await self._verdict(shorter)
                if again.valid:
                    draft.code, verdict = shorter, again
        except (ValidatorUnavailableError, ValidatorRefusedError) as error:
            logger.warning("a diagram could not be validated: %s", error)
            draft.warnings.append(judgement.LATER)
            return None
        progress.verdict(verdict)
        return _weigh(draft, verdict, wanted)

    async def _verdict(self, code: str) -> Verdict:
        """The verdict of the validator. A busy validator is asked once more."""
        try:
            return await self._validator.validate(code)
        except ValidatorRefusedError:
            await asyncio.sleep(BUSY_PAUSE)
            return await self._validator.validate(code)


def _content(best: Draft, model: str, attempts: int) -> Content:
    """What is kept of the best draft; it is judged later if the validator gave no verdict."""
    judged = best.worth is not Worth.NOT_JUDGED
    validated = best.worth in {Worth.OTHER_TYPE, Worth.GOOD} if judged else None
    return Content(
        best.code,
        validated,
        best.diagram_type,
        best.warnings,
        not judged,
        model=model,
        source="model",
        attempts=attempts,
    )


def _weigh(draft: Draft, verdict: Verdict, wanted: str | None) -> str | None:
    """Set the worth of a draft by its verdict. Returns what to tell the model if it should try again, else None."""
    judged = judgement.of(verdict)
    draft.diagram_type = judged.diagram_type
    draft.warnings += judged.warnings
    if judged.validated is None:  # not an error of the diagram that a model could correct
        return None
    errors = "\n".join(judgement.errors(verdict))
    if not verdict.valid:
        draft.worth = Worth.NO_DIAGRAM if _is_something_else(draft.code, verdict) else Worth.INVALID
        return instructions.REPAIR.format(errors=errors)
    if verdict.drawable is False:
        draft.worth = Worth.UNDRAWABLE
        return instructions.UNDRAWABLE.format(errors=errors)
    if wanted and verdict.diagram_type and not diagram_types.matches(wanted, verdict.diagram_type):
        draft.worth = Worth.OTHER_TYPE
        draft.warnings.append(f"Asked for the type {wanted}, the model wrote {verdict.diagram_type}.")
        return instructions.OTHER_TYPE.format(wanted=wanted, got=verdict.diagram_type)
    draft.worth = Worth.GOOD
    return None


def _is_something_else(code: str, verdict: Verdict) -> bool:
    """Whether the text does not even begin like a diagram."""
    return verdict.diagram_type is None and any(error.line for error in verdict.errors) and not code.startswith("---")


def _start(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[:400].split())
    return line if len(line) <= 200 else line[:199] + "…"
