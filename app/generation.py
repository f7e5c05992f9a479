"""From a prompt to a diagram: the model writes, the validator judges, the model repairs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import IntEnum

from openai.types.chat import ChatCompletionMessageParam

from app import diagram_types
from app.answer import Answer
from app.errors import ValidatorRefusedError, ValidatorUnavailableError, WriterError
from app.validator import Validator, Verdict
from app.writer import Writer

logger = logging.getLogger(__name__)

CONCURRENT = 50  # diagrams that one worker writes at the same time
BUSY_AFTER = 5  # seconds, that a caller is to wait when there are more
BUSY_PAUSE = 1.0  # seconds, before a busy validator is asked once more

SYSTEM = """\
You write diagrams in Mermaid. Answer with the Mermaid source of exactly one diagram and nothing else: no fence, no \
explanation. Quote labels that hold brackets, quotes or other special characters."""

REPAIR = """\
Mermaid's parser rejects this diagram:
{errors}
Answer with the whole corrected diagram, Mermaid source only."""

UNDRAWABLE = """\
Mermaid's parser accepts this diagram, but Mermaid cannot draw it:
{errors}
Answer with the whole corrected diagram, Mermaid source only."""

OTHER_TYPE = """\
This is a diagram of the type {got}, but one of the type {wanted} is asked for.
Answer with the whole diagram as {wanted}, Mermaid source only."""

CUT_OFF = "Your answer was cut off. Write a smaller diagram, Mermaid source only."
EMPTY = "You answered nothing. Answer with the Mermaid source."


class Worth(IntEnum):
    """How good an answer is."""

    NO_DIAGRAM = 0  # something else, such as an apology
    CUT_OFF = 1
    NOT_JUDGED = 2
    INVALID = 3
    UNDRAWABLE = 4
    OTHER_TYPE = 5
    GOOD = 6


@dataclass
class Draft:
    """An answer of the model, and what the validator says about it."""

    code: str
    worth: Worth = Worth.NOT_JUDGED
    diagram_type: str | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class Generated:
    """A diagram that the model wrote."""

    code: str
    diagram_type: str | None
    validated: bool
    attempts: int
    warnings: list[str]


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
        self._running = 0

    async def generate(self, prompt: str, diagram_type: str | None, model: str) -> Generated:
        """Write a diagram; the best that was reached within the attempts and the time.

        Raises:
            WriterError: The model gave no usable answer at all, or too many are waited for (`busy`).
        """
        if self._running >= CONCURRENT:
            raise WriterError("busy", f"{CONCURRENT} diagrams are being written", BUSY_AFTER)
        self._running += 1
        try:
            return await self._generate(prompt, diagram_type, model)
        finally:
            self._running -= 1

    async def close(self) -> None:
        """Close the connections to the language model."""
        await self._writer.close()

    async def _generate(self, prompt: str, wanted: str | None, model: str) -> Generated:
        drafts: list[Draft] = []
        attempts = 0
        failure: WriterError | None = None  # of the last attempt
        question = _ask(prompt, wanted)
        messages = question
        try:
            async with asyncio.timeout(self._timeout):
                while attempts < self._attempts:
                    try:
                        answer = await self._writer.write(model, messages)
                    except WriterError as error:
                        if error.kind != "empty":
                            raise
                        attempts += 1
                        failure = error
                        messages = [*question, {"role": "user", "content": EMPTY}]
                        continue
                    attempts += 1
                    failure = None
                    drafts.append(Draft(answer.code))  # kept before it is judged: the time may be over meanwhile
                    feedback = await self._judge(drafts[-1], answer, wanted)
                    if feedback is None:
                        break
                    messages = [
                        *question,
                        {"role": "assistant", "content": answer.code},
                        {"role": "user", "content": feedback},
                    ]
        except TimeoutError:
            logger.warning("a diagram took more than %g s", self._timeout)
            failure = WriterError("timeout", f"the time of {self._timeout:g} s was over")
        except WriterError as error:
            failure = error
        best = max(reversed(drafts), key=lambda draft: draft.worth, default=None)  # of equals the last
        if best is None or best.worth is Worth.NO_DIAGRAM:
            raise failure or WriterError("no-diagram", f"it answered: {_start(drafts[-1].code)}")
        if failure:
            missed = "validated" if best.worth is Worth.NOT_JUDGED else "repaired"
            best.warnings.append(f"It could not be {missed}: {failure}.")
        validated = best.worth in {Worth.OTHER_TYPE, Worth.GOOD}
        return Generated(best.code, best.diagram_type, validated, attempts, best.warnings)

    async def _judge(self, draft: Draft, answer: Answer, wanted: str | None) -> str | None:
        """Fill in what the draft is worth; what to tell the model if it is to try again."""
        if not answer.complete:
            draft.worth = Worth.CUT_OFF
            draft.warnings.append("The model's answer was cut off.")
            return CUT_OFF
        try:
            verdict = await self._verdict(draft.code)
        except (ValidatorUnavailableError, ValidatorRefusedError) as error:
            logger.warning("a diagram could not be validated: %s", error)
            draft.warnings.append("It was not validated: the MCP server did not judge it.")
            return None
        return _weigh(draft, verdict, wanted)

    async def _verdict(self, code: str) -> Verdict:
        """What the validator says; a busy one is asked once more."""
        try:
            return await self._validator.validate(code)
        except ValidatorRefusedError:
            await asyncio.sleep(BUSY_PAUSE)
            return await self._validator.validate(code)


def _ask(prompt: str, diagram_type: str | None) -> list[ChatCompletionMessageParam]:
    kind = f"Use the diagram type {diagram_type}.\n\n" if diagram_type else ""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": kind + prompt}]


def _weigh(draft: Draft, verdict: Verdict, wanted: str | None) -> str | None:
    """Fill in what a judged draft is worth; what to tell the model if it is to try again."""
    if verdict.valid is None:  # no fault of the diagram's that a model could repair
        draft.warnings.append(f"It was not validated: {verdict.reason}.")
        return None
    draft.diagram_type = verdict.diagram_type
    if not verdict.valid:
        draft.worth = Worth.NO_DIAGRAM if _is_something_else(draft.code, verdict) else Worth.INVALID
        draft.warnings += [f"Not valid: {line}" for line in _errors(verdict)]
        return REPAIR.format(errors="\n".join(_errors(verdict)))
    if verdict.drawable is False:
        draft.worth = Worth.UNDRAWABLE
        draft.warnings += [f"It cannot be drawn: {line}" for line in _errors(verdict)]
        return UNDRAWABLE.format(errors="\n".join(_errors(verdict)))
    if wanted and verdict.diagram_type and not diagram_types.matches(wanted, verdict.diagram_type):
        draft.worth = Worth.OTHER_TYPE
        draft.warnings.append(f"Asked for the type {wanted}, the model wrote {verdict.diagram_type}.")
        return OTHER_TYPE.format(wanted=wanted, got=verdict.diagram_type)
    draft.worth = Worth.GOOD
    return None


def _errors(verdict: Verdict) -> list[str]:
    """A line for each error: where, what, and the text there."""
    lines = []
    for error in verdict.errors:
        where = f"line {error.line}: " if error.line else ""
        excerpt = f" (at: {error.excerpt})" if error.excerpt else ""
        lines.append(where + " ".join(error.message.split()) + excerpt)
    return lines or ["it is not valid Mermaid"]


def _is_something_else(code: str, verdict: Verdict) -> bool:
    """Whether not even its beginning is a diagram's."""
    return verdict.diagram_type is None and any(error.line for error in verdict.errors) and not code.startswith("---")


def _start(text: str) -> str:
    """Its first words, on one line."""
    line = " ".join(text[:400].split())
    return line if len(line) <= 200 else line[:199] + "…"
