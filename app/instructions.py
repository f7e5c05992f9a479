"""The messages to the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # only app.writer imports the SDK at run time, since that takes half a second
    from openai.types.chat import ChatCompletionMessageParam

    Messages = list[ChatCompletionMessageParam]

SYSTEM = """\
You write diagrams in Mermaid. Answer with the Mermaid source of exactly one diagram and nothing else: no fence, no \
explanation. Quote labels that hold brackets, quotes or other special characters."""

CHANGE = """\
Here is a diagram in Mermaid:

{code}

Change it as follows, and leave everything else as it is:

{change}

Answer with the whole changed diagram, Mermaid source only."""

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
TOO_LONG = "Your diagram is too long. Write a smaller diagram, Mermaid source only."
EMPTY = "You answered nothing. Answer with the Mermaid source."


@dataclass(frozen=True)
class Order:
    """What the model must write.

    Attributes:
        question: The first messages to the model.
        model: The provider's name of the model.
        wanted: The type of diagram that was asked for; None for any.
    """

    question: Messages
    model: str
    wanted: str | None = None


def create(prompt: str, diagram_type: str | None, model: str) -> Order:
    """Ask for a new diagram."""
    kind = f"Use the diagram type {diagram_type}.\n\n" if diagram_type else ""
    return Order(_messages(kind + prompt), model, diagram_type)


def change(code: str, wish: str, model: str) -> Order:
    """Ask for a diagram to be changed."""
    return Order(_messages(CHANGE.format(code=code, change=wish)), model)


def again(question: Messages, code: str | None, feedback: str) -> Messages:
    """Ask once more, and tell what is wrong with the answer."""
    answered: Messages = [{"role": "assistant", "content": code}] if code else []
    return [*question, *answered, {"role": "user", "content": feedback}]


def _messages(question: str) -> Messages:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
