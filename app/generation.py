"""From a prompt to a diagram: the model writes, the validator judges, the model repairs."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from openai.types.chat import ChatCompletionMessageParam

from app.errors import ValidatorRefusedError, ValidatorUnavailableError, WriterError
from app.validator import Validator, Verdict
from app.writer import Answer, Writer

logger = logging.getLogger(__name__)

SYSTEM = """\
You write diagrams in Mermaid. Answer with the Mermaid source of exactly one diagram and nothing else: no fence, no \
explanation. Quote labels that hold brackets, quotes or other special characters."""

REPAIR = """\
Mermaid's parser rejects this diagram:
{errors}
Answer with the whole corrected diagram, Mermaid source only."""

CUT_OFF = "Your answer was cut off. Write a smaller diagram, Mermaid source only."
EMPTY = "You answered nothing. Answer with the Mermaid source."


@dataclass
class Generated:
    """A diagram that the model wrote."""

    code: str
    diagram_type: str | None
    validated: bool
    attempts: int
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

    async def generate(self, prompt: str, diagram_type: str | None, model: str) -> Generated:
        """Write a diagram; the best that was reached within the attempts and the time.

        Raises:
            WriterError: The model gave no usable answer at all.
        """
        best: Generated | None = None
        messages = _ask(prompt, diagram_type)
        failure = WriterError("timeout", f"no answer within {self._timeout:g} s")
        try:
            async with asyncio.timeout(self._timeout):
                for attempt in range(1, self._attempts + 1):
                    try:
                        answer = await self._writer.write(model, messages)
                    except WriterError as error:
                        if error.kind != "empty":
                            raise
                        failure = error
                        messages = [*_ask(prompt, diagram_type), {"role": "user", "content": EMPTY}]
                        continue
                    best, feedback = await self._judge(answer, attempt, diagram_type)
                    if feedback is None:
                        return best
                    messages = [
                        *_ask(prompt, diagram_type),
                        {"role": "assistant", "content": answer.code},
                        {"role": "user", "content": feedback},
                    ]
        except TimeoutError:
            logger.warning("a diagram took more than %g s", self._timeout)
            if best:
                best.warnings.append(f"The time of {self._timeout:g} s was over before it could be repaired.")
        except WriterError as error:
            if best is None:
                raise
            best.warnings.append(f"It could not be repaired: the model failed ({error}).")
        if best is None:
            raise failure
        return best

    async def close(self) -> None:
        """Close the connections to the language model."""
        await self._writer.close()

    async def _judge(self, answer: Answer, attempt: int, wanted: str | None) -> tuple[Generated, str | None]:
        """The diagram with its verdict, and what to tell the model if it is to try again."""
        made = Generated(answer.code, None, validated=False, attempts=attempt)
        if not answer.complete:
            made.warnings.append("The model's answer was cut off.")
            return made, CUT_OFF
        try:
            verdict = await self._validator.validate(answer.code)
        except (ValidatorUnavailableError, ValidatorRefusedError) as error:
            logger.warning("a diagram could not be validated: %s", error)
            made.warnings.append("It was not validated: the MCP server did not judge it.")
            return made, None
        made.diagram_type = verdict.diagram_type
        made.validated = verdict.valid
        if not verdict.valid:
            made.warnings += [f"Not valid: {line}" for line in _errors(verdict)]
            return made, REPAIR.format(errors="\n".join(_errors(verdict)))
        if wanted and not _same(wanted, verdict.diagram_type or ""):
            made.warnings.append(f"Asked for the type {wanted}, the model wrote {verdict.diagram_type}.")
        return made, None


def _ask(prompt: str, diagram_type: str | None) -> list[ChatCompletionMessageParam]:
    kind = f"Use the diagram type {diagram_type}.\n\n" if diagram_type else ""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": kind + prompt}]


def _errors(verdict: Verdict) -> list[str]:
    """A line for each error: where, what, and the text there."""
    lines = []
    for error in verdict.errors:
        where = f"line {error.line}: " if error.line else ""
        excerpt = f" (at: {error.excerpt})" if error.excerpt else ""
        lines.append(where + " ".join(error.message.split()) + excerpt)
    return lines or ["it is not valid Mermaid"]


def _same(wanted: str, got: str) -> bool:
    """Whether two names mean one type: `sequence` and `sequenceDiagram`, `flowchart` and `flowchart-v2`."""
    first, second = (name.lower().replace("diagram", "").replace("graph", "flowchart") for name in (wanted, got))
    return first.startswith(second) or second.startswith(first) or not got
