"""Diagrams over HTTP: write, validate, list, show, delete."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.errors import DatabaseUnavailableError, ValidatorRefusedError, ValidatorUnavailableError, WriterError
from app.problems import ProblemError, responses
from app.services import Services
from app.store import Diagram, Store
from app.validator import Verdict

logger = logging.getLogger(__name__)

CODE_LIMIT = 50_000  # UTF-16 code units, as the validator counts: JavaScript's idea of a character

WRITER_PROBLEMS = {
    "key-rejected": (503, "The provider rejects the key", "OPENROUTER_API_KEY is not accepted: check it"),
    "no-credits": (503, "The provider's account has no credits", "Top up the account of OPENROUTER_API_KEY"),
    "model-unknown": (422, "The provider has no such model", "Name another `model`, or change OPENROUTER_MODEL"),
    "rejected": (502, "The provider rejects the request", "Change the prompt or the model"),
    "rate-limited": (429, "The provider's rate limit is reached", "Wait, or name another `model`"),
    "timeout": (504, "The model took too long", "Try again, ask for less, or name a quicker `model`"),
    "unavailable": (502, "The provider is not available", "Try again, or name another `model`"),
    "refused": (422, "The model refuses", "Change the prompt"),
    "empty": (502, "The model wrote nothing", "Try again, or name another `model`"),
}

router = APIRouter(prefix="/api/v1/diagrams", tags=["diagrams"])


def _unicode(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode: it holds half of a surrogate pair") from None
    return text


def _short_enough(code: str) -> str:
    if len(code.encode("utf-16-le")) > 2 * CODE_LIMIT:
        raise ValueError(f"at most {CODE_LIMIT} characters")
    return code


class Strict(BaseModel):
    """A request body: a field that nobody knows is an error."""

    model_config = ConfigDict(extra="forbid")


class ValidateRequest(Strict):
    """A diagram to judge."""

    code: Annotated[str, AfterValidator(_unicode), AfterValidator(_short_enough)] = Field(
        min_length=1,
        max_length=CODE_LIMIT,
        description="Mermaid source; a Markdown fence around it is accepted.",
    )


class CreateRequest(Strict):
    """What to draw."""

    prompt: Annotated[str, AfterValidator(_unicode)] = Field(
        min_length=1, max_length=10_000, pattern=r"\S", description="What the diagram is to show, in any language."
    )
    diagram_type: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,39}$",
        description="Mermaid's name of a type (flowchart, sequence, er, …); the model chooses where there is none.",
    )
    model: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@~-]{0,199}$",
        description="The provider's name of a model; OPENROUTER_MODEL where there is none.",
    )


class Created(BaseModel):
    """The diagram that was written."""

    id: UUID | None = Field(description="None if it could not be stored; `warnings` then says why.")
    code: str
    diagram_type: str | None = Field(description="As the validator recognised it.")
    validated: bool = Field(description="Whether the validator accepts it.")
    attempts: int = Field(description="How many answers of the model it took.")
    warnings: list[str]


class Page(BaseModel):
    """Diagrams, newest first."""

    items: list[Diagram]
    next: UUID | None = Field(description="`before` of the next page; None on the last.")


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _store(services: Annotated[Services, Depends(_services)]) -> Store:
    if services.store is None:
        raise ProblemError(
            503,
            "no-database",
            "No database is configured",
            "Diagrams are not stored: set POSTGRES_HOST or DATABASE_URL, or start the profile full-stack.",
        )
    return services.store


WithServices = Annotated[Services, Depends(_services)]
WithStore = Annotated[Store, Depends(_store)]


@router.post("", status_code=201, responses={200: {"model": Created}, **responses(413, 422, 429, 502, 503, 504)})
async def create(
    body: Annotated[
        CreateRequest,
        Body(
            openapi_examples={
                "short": {"value": {"prompt": "How an order is paid and shipped"}},
                "full": {
                    "value": {
                        "prompt": "Log-in with a second factor",
                        "diagram_type": "sequence",
                        "model": "openai/gpt-4o-mini",
                    }
                },
            }
        ),
    ],
    services: WithServices,
    response: Response,
) -> Created:
    """Have a language model write a diagram, validate it, have its errors repaired, and store it.

    201 with `Location` when it was stored; 200 when it could not be: the diagram is never lost.
    """
    if services.generator is None:
        raise ProblemError(
            503,
            "no-key",
            "No key for the language model",
            "Set OPENROUTER_API_KEY in .env and start the service again (keys: https://openrouter.ai/keys).",
        )
    model = body.model or services.settings.openrouter_model
    try:
        generator = await asyncio.shield(services.generator)
        made = await generator.generate(body.prompt, body.diagram_type, model)
    except WriterError as error:
        logger.warning("no diagram: %s", error)
        raise _problem(error) from error
    created = Created(id=None, **vars(made))
    if services.store is None:
        created.warnings.append("It was not stored: no database is configured.")
    else:
        try:
            created.id = await services.store.add({"prompt": body.prompt, "model": model, **vars(made)})
        except DatabaseUnavailableError as error:
            logger.error("a diagram could not be stored: %s", error)  # noqa: TRY400 - expected, no traceback
            created.warnings.append("It was not stored: the database does not answer.")
    if created.id is None:
        response.status_code = 200
    else:
        response.headers["Location"] = f"{router.prefix}/{created.id}"
    return created


@router.get("", responses=responses(422, 503))
async def index(
    store: WithStore,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
) -> Page:
    """List the stored diagrams, newest first."""
    items = await store.list(limit + 1, before)
    more = len(items) > limit
    return Page(items=items[:limit], next=items[limit - 1].id if more else None)


@router.get("/{id}", responses=responses(404, 422, 503))
async def show(id: UUID, store: WithStore) -> Diagram:  # noqa: A002 - the path's word
    """Show one stored diagram."""
    diagram = await store.get(id)
    if diagram is None:
        raise _unknown(id)
    return diagram


@router.delete("/{id}", status_code=204, responses=responses(404, 422, 503))
async def delete(id: UUID, store: WithStore) -> None:  # noqa: A002 - the path's word
    """Delete one stored diagram."""
    if not await store.delete(id):
        raise _unknown(id)


@router.post("/validate", responses=responses(413, 422, 503))
async def validate(
    body: Annotated[
        ValidateRequest,
        Body(
            openapi_examples={
                "valid": {"value": {"code": "flowchart LR\n  A[Order] --> B{Paid?}\n  B -->|yes| C[Ship]"}},
                "invalid": {"value": {"code": "flowchart LR\n  A[Order --> B"}},
            }
        ),
    ],
    services: WithServices,
) -> Verdict:
    """Say whether a diagram is valid Mermaid, and if not, what is wrong where."""
    try:
        return await services.validator.validate(body.code)
    except ValidatorUnavailableError as error:
        raise ProblemError(
            503,
            "mcp-unavailable",
            "The validator is not available",
            f"The MCP server does not answer, so the diagram could not be judged ({error}). Try again shortly.",
            headers={"Retry-After": "5"},
        ) from error
    except ValidatorRefusedError as error:
        raise ProblemError(
            503,
            "mcp-refused",
            "The validator could not judge",
            f"The MCP server answered: {error}",
            headers={"Retry-After": "1"},
        ) from error


def _unknown(id: UUID) -> ProblemError:  # noqa: A002 - the path's word
    return ProblemError(404, "no-such-diagram", "No such diagram", f"No diagram has the id {id}.")


def _problem(error: WriterError) -> ProblemError:
    status, title, remedy = WRITER_PROBLEMS[error.kind]
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return ProblemError(status, f"llm-{error.kind}", title, f"{error.reason}. {remedy}.", headers=headers)
