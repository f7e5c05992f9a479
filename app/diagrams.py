"""The routes of diagrams: write or save, list, show, rename, delete, restore."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import AfterValidator

from app import examples, instructions, prefix, text, writing
from app.answer import unfence
from app.bodies import NewDiagram, RenameRequest, SaveRequest
from app.budget import choose_model
from app.dependencies import WithCaller, WithServices, WithStore, no_such_diagram, store_of
from app.diagram import Content, Diagram, Page, Unstored, Written
from app.errors import DatabaseUnavailableError
from app.judgement import judge
from app.problems import responses

router = APIRouter(prefix="/api/v1/diagrams", tags=["diagrams"])


@router.post(
    "",
    status_code=201,
    response_model=Written,
    responses=writing.answers(400, 408, 413, 415, 422, 429, 502, 503, 504),
    summary="Write a diagram, or save one",
)
async def create_diagram(
    body: Annotated[NewDiagram, Body(openapi_examples=examples.CREATE_REQUESTS)],
    request: Request,
    caller: WithCaller,
    services: WithServices,
    response: Response,
) -> Written | Response:
    """Have a language model write a diagram (`prompt`), or save one of your own (`code`); it is validated and stored.

    201 with `Location` if it was stored. 200 if a model wrote it and it could not be stored, so that it is not lost.
    With `Accept: text/event-stream` the model's progress is sent as events.
    """
    if isinstance(body, SaveRequest):
        store = store_of(services)
        code = unfence(body.code)
        judged = await judge(request, services, caller, code)
        written: Written | Response = await store.add(Content(code, **vars(judged)), title=body.title)
    else:
        prompt, title = body.prompt, body.title
        generator = await writing.generator_of(services)
        order = instructions.create(prompt, body.diagram_type, choose_model(services.settings, body.model))

        async def save(content: Content) -> Written:
            if services.store is None:
                return Unstored(content, prompt, title, "no database is configured.").written()
            try:
                return await services.store.add(content, prompt=prompt, title=title)
            except DatabaseUnavailableError as error:
                return writing.unstored(content, prompt, title, router.prefix, error)

        written = await writing.write(request, services, generator, order, None, save)
    return located(written, request, response)


@router.get("", responses=responses(422, 503), summary="List diagrams")
async def list_diagrams(
    store: WithStore,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    search: Annotated[
        str,
        AfterValidator(text.unicode),
        AfterValidator(text.plain),
        Query(max_length=200, description="Words, or beginnings of words. Diagrams with all of them are found."),
    ] = "",
    deleted: Annotated[
        bool, Query(description="List deleted diagrams, which can be restored, instead of the others.")
    ] = False,
) -> Page:
    """List the stored diagrams, newest first."""
    items = await store.list(limit + 1, before, search=search, deleted=deleted)
    more = len(items) > limit
    return Page(items=items[:limit], next=items[limit - 1].id if more else None)


@router.get("/{id}", responses=responses(404, 422, 503), summary="Show a diagram")
async def get_diagram(id: UUID, store: WithStore) -> Diagram:  # noqa: A002 - the path's word
    """Show one stored diagram, in its newest revision."""
    return found(await store.get(id), id)


@router.patch("/{id}", responses=responses(400, 404, 408, 413, 415, 422, 503), summary="Rename a diagram")
async def rename_diagram(
    id: UUID,  # noqa: A002 - the path's word
    body: Annotated[RenameRequest, Body(openapi_examples=examples.RENAME_REQUESTS)],
    store: WithStore,
) -> Diagram:
    """Give a diagram another title."""
    return found(await store.rename(id, body.title), id)


@router.delete("/{id}", status_code=204, responses=responses(404, 422, 503), summary="Delete a diagram")
async def delete_diagram(id: UUID, store: WithStore) -> None:  # noqa: A002 - the path's word
    """Delete a diagram with all its revisions. It can be restored for 30 days, then it is removed for good."""
    if not await store.delete(id):
        raise no_such_diagram(id)


@router.post("/{id}/restore", responses=responses(404, 422, 503), summary="Restore a diagram")
async def restore_diagram(id: UUID, store: WithStore) -> Diagram:  # noqa: A002 - the path's word
    """Restore a deleted diagram."""
    return found(await store.restore(id), id)


def found(diagram: Diagram | None, id: UUID) -> Diagram:  # noqa: A002 - the path's word
    """The diagram.

    Raises:
        ProblemError: There is none.
    """
    if diagram is None:
        raise no_such_diagram(id)
    return diagram


def located(written: Written | Response, request: Request, response: Response) -> Written | Response:
    """The answer with its status and the header `Location`; a stream of events has neither."""
    if isinstance(written, Written):
        if written.id is None:
            response.status_code = 200
        else:
            response.headers["Location"] = f"{prefix.of(request.scope)}{router.prefix}/{written.id}"
    return written
