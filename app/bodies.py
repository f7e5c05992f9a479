"""The bodies of requests."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from app import diagram_types, text
from app.answer import CODE_LIMIT, units
from app.settings import MODEL_NAME

PROMPT_LIMIT = 10_000  # characters
LAST_REVISION = 2**31 - 1


def _short_enough(code: str) -> str:
    if (length := units(code)) > CODE_LIMIT:
        counted = "counted in UTF-16 code units, of which an emoji has two or more"
        raise ValueError(f"may have at most {CODE_LIMIT:,} characters ({counted}); {length:,} were sent")
    return code


def _known_type(name: str) -> str:
    if diagram_types.find(name) is None:
        raise ValueError(f"must be a type of diagram that Mermaid knows: {', '.join(diagram_types.TYPES)}")
    return name


Code = Annotated[
    str,
    Field(max_length=CODE_LIMIT, description="Mermaid source; a Markdown fence around it is accepted."),
    AfterValidator(text.unicode),
    AfterValidator(_short_enough),
]
SavedCode = Annotated[Code, Field(min_length=1, pattern=r"\S")]
Title = Annotated[
    str,
    Field(min_length=1, max_length=text.TITLE_LIMIT, pattern=r"\S", description="The title of the diagram."),
    AfterValidator(text.unicode),
    AfterValidator(text.visible),
    AfterValidator(text.shorten),  # on one line
]
Wish = Annotated[
    str,
    Field(min_length=1, max_length=PROMPT_LIMIT, pattern=r"\S"),
    AfterValidator(text.unicode),
    AfterValidator(text.visible),
    AfterValidator(text.plain),
]
Model = Annotated[
    str | None,
    Field(
        pattern=MODEL_NAME,
        description="The provider's name of a model, one of LLM_MODELS. Without it, OPENROUTER_MODEL is used.",
    ),
]
Base = Annotated[
    int | None,
    Field(
        ge=1, le=LAST_REVISION, description="The newest revision that the caller knows; 409 if there is a newer one."
    ),
]


class Strict(BaseModel):
    """A request body. An unknown field is an error, and so is `true` or "1" in place of a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ValidateRequest(Strict):
    """A diagram to validate."""

    code: Annotated[Code, Field(min_length=1)]


class CreateRequest(Strict):
    """A diagram that a model must write."""

    prompt: Wish = Field(description="What the diagram should show, in any language.")
    diagram_type: Annotated[str, AfterValidator(_known_type)] | None = Field(
        default=None,
        max_length=40,
        description="Mermaid's name of a type (flowchart, sequence, er, …). Without it the model chooses.",
    )
    model: Model = None
    title: Title | None = None


class SaveRequest(Strict):
    """The caller's own code, to be saved."""

    code: SavedCode
    title: Title | None = None


class ChangeRequest(Strict):
    """A change that a model must make in the newest revision."""

    change: Wish = Field(description="What should be different, in any language.")
    model: Model = None
    base: Base = None


class EditRequest(Strict):
    """The diagram as the caller changed it."""

    code: SavedCode
    base: Base = None


class UndoRequest(Strict):
    """The earlier revision to go back to."""

    revision: int = Field(ge=1, le=LAST_REVISION)
    base: Base = None


class RenameRequest(Strict):
    """A new title for the diagram."""

    title: Title


def _kind(*fields: str) -> Discriminator:
    """Chooses between several bodies: the first one whose field was sent, else the last."""

    def kind(body: Any) -> str:
        given = body if isinstance(body, dict) else getattr(body, "__dict__", {})
        return tag(next((field for field in fields if field in given), fields[-1]))

    return Discriminator(kind)


def tag(field: str) -> str:
    """The name of a kind of body in the location of an error; `mistakes.where` removes it again."""
    return f"«{field}»"


NewDiagram = Annotated[
    Annotated[SaveRequest, Tag(tag("code"))] | Annotated[CreateRequest, Tag(tag("prompt"))], _kind("code", "prompt")
]
NewRevision = Annotated[
    Annotated[UndoRequest, Tag(tag("revision"))]
    | Annotated[EditRequest, Tag(tag("code"))]
    | Annotated[ChangeRequest, Tag(tag("change"))],
    _kind("revision", "code", "change"),
]
