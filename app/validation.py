"""The routes about Mermaid: validate a diagram, and list the types of diagrams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field

from app import diagram_types, examples, failures
from app.bodies import ValidateRequest
from app.caller import while_waited_for
from app.dependencies import WithCaller, WithServices
from app.diagram_types import DiagramType
from app.errors import CallerGoneError, ValidatorRefusedError, ValidatorUnavailableError
from app.problems import responses
from app.validator import Verdict

router = APIRouter(prefix="/api/v1", tags=["diagrams"])


class TypeNames(BaseModel):
    """A type of diagram."""

    type: DiagramType = Field(description="As answers name it.")
    aliases: list[str] = Field(description="Further names that a request may use.")


class Types(BaseModel):
    """All types of diagrams that Mermaid knows."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TYPES]})

    types: list[TypeNames]


@router.post("/diagrams/validate", responses=responses(400, 408, 413, 415, 422, 503), summary="Validate a diagram")
async def validate_diagram(
    body: Annotated[ValidateRequest, Body(openapi_examples=examples.VALIDATE_REQUESTS)],
    request: Request,
    caller: WithCaller,
    services: WithServices,
) -> Verdict:
    """Say whether a diagram is valid Mermaid, and if not, what is wrong and where."""

    async def validate() -> Verdict:
        async with services.admission.place(caller.identity):
            return await services.validator.validate(body.code)

    try:
        return await while_waited_for(request, validate())
    except (ValidatorUnavailableError, ValidatorRefusedError) as error:
        raise failures.of_validator(error) from error
    except CallerGoneError as error:
        raise failures.of_departure() from error


@router.get("/diagram-types", summary="List the types of diagrams")
async def list_diagram_types() -> Types:
    """Name the types that Mermaid knows."""
    types = diagram_types.TYPES.items()
    return Types(types=[TypeNames(type=type_, aliases=list(aliases)) for type_, aliases in types])
