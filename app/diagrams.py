"""Diagrams over HTTP: write, validate, list, show, delete."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app import diagram_types, examples, failures
from app.budget import choose_model
from app.caller import Caller
from app.caller import caller as find_caller
from app.diagram_types import DiagramType
from app.errors import DatabaseUnavailableError, ValidatorRefusedError, ValidatorUnavailableError, WriterError
from app.problems import ProblemError, responses
from app.services import Services
from app.settings import MODEL_NAME
from app.store import Diagram, Store
from app.validator import Verdict

if TYPE_CHECKING:
    from app.generation import Generator

logger = logging.getLogger(__name__)

T = TypeVar("T")

CODE_LIMIT = 50_000  # UTF-16 code units, as the validator counts: JavaScript's idea of a character

router = APIRouter(prefix="/api/v1/diagrams", tags=["diagrams"])
types_router = APIRouter(prefix="/api/v1/diagram-types", tags=["diagrams"])


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


def _known_type(name: str) -> str:
    if diagram_types.find(name) is None:
        raise ValueError(f"no type of Mermaid's; there are {', '.join(diagram_types.TYPES)}")
    return name


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
    diagram_type: Annotated[str, AfterValidator(_known_type)] | None = Field(
        default=None,
        max_length=40,
        description="Mermaid's name of a type (flowchart, sequence, er, …); the model chooses where there is none.",
    )
    model: str | None = Field(
        default=None,
        pattern=MODEL_NAME,
        description="The provider's name of a model, one of LLM_MODELS; OPENROUTER_MODEL where there is none.",
    )


class Created(BaseModel):
    """The diagram that was written."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.MADE]})

    id: UUID | None = Field(description="None if it could not be stored; `warnings` then says why.")
    code: str
    diagram_type: DiagramType | None = Field(description="As the validator recognised it.")
    validated: bool = Field(description="Whether the validator accepts it.")
    attempts: int = Field(description="How many answers of the model it took.")
    warnings: list[str]


class TypeNames(BaseModel):
    """A type of diagram."""

    type: DiagramType = Field(description="As answers name it.")
    aliases: list[str] = Field(description="Further names that a request may use.")


class Types(BaseModel):
    """All types of diagrams that Mermaid knows."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TYPES]})

    types: list[TypeNames]


class Page(BaseModel):
    """Diagrams, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PAGE]})

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


@router.post(
    "",
    status_code=201,
    responses={
        200: {"model": Created, "description": "Written, but not stored: `warnings` says why"},
        **responses(400, 408, 413, 415, 422, 429, 502, 503, 504),
    },
    summary="Write a diagram",
)
async def create_diagram(
    body: Annotated[CreateRequest, Body(openapi_examples=examples.CREATE_REQUESTS)],
    request: Request,
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
    model = choose_model(services.settings, body.model)
    generator = await _ready(services.generator)
    try:
        made = await _while_waited_for(request, generator.generate(body.prompt, body.diagram_type, model))
    except WriterError as error:
        raise failures.of_writer(error) from error
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


@router.get("", responses=responses(422, 503), summary="List diagrams")
async def list_diagrams(
    store: WithStore,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
) -> Page:
    """List the stored diagrams, newest first."""
    items = await store.list(limit + 1, before)
    more = len(items) > limit
    return Page(items=items[:limit], next=items[limit - 1].id if more else None)


@router.get("/{id}", responses=responses(404, 422, 503), summary="Show a diagram")
async def get_diagram(id: UUID, store: WithStore) -> Diagram:  # noqa: A002 - the path's word
    """Show one stored diagram."""
    diagram = await store.get(id)
    if diagram is None:
        raise _unknown(id)
    return diagram


@router.delete("/{id}", status_code=204, responses=responses(404, 422, 503), summary="Delete a diagram")
async def delete_diagram(id: UUID, store: WithStore) -> None:  # noqa: A002 - the path's word
    """Delete one stored diagram."""
    if not await store.delete(id):
        raise _unknown(id)


@router.post("/validate", responses=responses(400, 408, 413, 415, 422, 503), summary="Validate a diagram")
async def validate_diagram(
    body: Annotated[ValidateRequest, Body(openapi_examples=examples.VALIDATE_REQUESTS)],
    caller: Annotated[Caller, Depends(find_caller)],
    services: WithServices,
) -> Verdict:
    """Say whether a diagram is valid Mermaid, and if not, what is wrong where."""
    try:
        async with services.admission.place(caller.identity):
            return await services.validator.validate(body.code)
    except (ValidatorUnavailableError, ValidatorRefusedError) as error:
        raise failures.of_validator(error) from error


@types_router.get("", summary="List the types of diagrams")
async def list_diagram_types() -> Types:
    """Name the types that Mermaid knows."""
    types = diagram_types.TYPES.items()
    return Types(types=[TypeNames(type=type_, aliases=list(aliases)) for type_, aliases in types])


def _unknown(id: UUID) -> ProblemError:  # noqa: A002 - the path's word
    return ProblemError(404, "no-such-diagram", "No such diagram", f"No diagram has the id {id}.")


async def _ready(generator: asyncio.Task[Generator]) -> Generator:
    try:
        return await asyncio.shield(generator)
    except Exception as error:
        logger.exception("the language model's client could not be made")
        raise ProblemError(
            503,
            "llm-not-ready",
            "The language model's client could not be made",
            "Check OPENROUTER_BASE_URL and the service's log, and start the service again.",
        ) from error


async def _while_waited_for(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work; give it up when the caller goes, since every answer of a model is paid for."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        task.cancel()
        gone.cancel()
    raise ProblemError(499, "caller-gone", "The caller has gone", "The connection was closed before the answer.")


async def _gone(request: Request) -> None:
    """Wait until the caller has closed the connection; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
