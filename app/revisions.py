"""The routes of revisions: change, edit, undo, list."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response

from app import examples, instructions, writing
from app.answer import unfence
from app.bodies import LAST_REVISION, ChangeRequest, NewRevision, UndoRequest
from app.budget import choose_model
from app.caller import Caller
from app.dependencies import WithCaller, WithHistory, WithServices, WithStore, no_such_diagram
from app.diagram import Content, Revisions, Unstored, Written
from app.diagrams import found, located
from app.diagrams import router as diagrams
from app.errors import DatabaseUnavailableError, RevisionConflictError
from app.history import History
from app.judgement import judge
from app.problems import ProblemError, responses
from app.services import Services
from app.store import Store

router = APIRouter(prefix=f"{diagrams.prefix}/{{id}}/revisions", tags=["diagrams"])


@router.post(
    "",
    status_code=201,
    response_model=Written,
    responses=writing.answers(400, 404, 408, 409, 413, 415, 422, 429, 502, 503, 504),
    summary="Change a diagram",
)
async def create_revision(
    id: UUID,  # noqa: A002 - the path's word
    body: Annotated[NewRevision, Body(openapi_examples=examples.REVISION_REQUESTS)],
    request: Request,
    caller: WithCaller,
    services: WithServices,
    store: WithStore,
    history: WithHistory,
    response: Response,
) -> Written | Response:
    """Have a model change a diagram (`change`), save what you made of it (`code`), or go back (`revision`).

    The result is the newest revision; earlier ones stay. With `base`, 409 if somebody else made a newer one. With
    `Accept: text/event-stream` the model's progress is sent as events.
    """
    if isinstance(body, ChangeRequest):
        written = await _change(id, body, request, services, store, history)
    else:
        if isinstance(body, UndoRequest):
            content = await _earlier(id, body.revision, request, caller, services, history)
        else:
            code = unfence(body.code)
            content = Content(code, **vars(await judge(request, services, caller, code)))
        try:
            written = found(await history.add(id, content, base=body.base), id)
        except RevisionConflictError as error:
            raise _conflict(error.newest, body.base) from error
    return located(written, request, response)


@router.get("", responses=responses(404, 422, 503), summary="List a diagram's revisions")
async def list_revisions(
    id: UUID,  # noqa: A002 - the path's word
    store: WithStore,
    history: WithHistory,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    before: Annotated[int | None, Query(ge=1, le=LAST_REVISION, description="`next` of the page before")] = None,
) -> Revisions:
    """List the revisions of a diagram, newest first."""
    items = await history.list(id, limit + 1, before)
    if not items:
        found(await store.get(id), id)
    more = len(items) > limit
    return Revisions(items=items[:limit], next=items[limit - 1].revision if more else None)


async def _change(
    id: UUID,  # noqa: A002 - the path's word
    body: ChangeRequest,
    request: Request,
    services: Services,
    store: Store,
    history: History,
) -> Written | Response:
    """Have the model change the newest revision."""
    generator = await writing.generator_of(services)
    newest = found(await store.get(id), id)
    if body.base not in {None, newest.revision}:
        raise _conflict(newest.revision, body.base)
    order = instructions.change(newest.code, body.change, choose_model(services.settings, body.model))

    async def save(content: Content) -> Written:
        try:
            diagram = await history.add(id, content, base=body.base)
        except RevisionConflictError as error:
            raise _conflict(error.newest, body.base, content.code) from error
        except DatabaseUnavailableError as error:
            return writing.unstored(content, newest.prompt, newest.title, f"{diagrams.prefix}/{id}/revisions", error)
        if diagram is None:
            reason = f"the diagram was deleted meanwhile. Restore it, or save the `code` with POST {diagrams.prefix}."
            return Unstored(content, newest.prompt, newest.title, reason).written()
        if diagram.revision > newest.revision + 1:
            diagram.warnings.append(
                f"It was made from revision {newest.revision}, while others made newer ones: "
                "what they changed is not in it, but in the earlier revisions."
            )
        return diagram

    return await writing.write(request, services, generator, order, body.change, save)


async def _earlier(
    id: UUID,  # noqa: A002 - the path's word
    revision: int,
    request: Request,
    caller: Caller,
    services: Services,
    history: History,
) -> Content:
    """The content of an earlier revision, for a new one that restores it."""
    content = await history.get(id, revision)
    if content is None:
        if not await history.list(id, 1, None):
            raise no_such_diagram(id)
        detail = f"The diagram {id} has no revision {revision}."
        raise ProblemError(404, "no-such-revision", "No such revision", detail)
    if content.validated is None:
        judged = await judge(request, services, caller, content.code)
        return Content(**{**vars(content), **vars(judged)})
    return content


def _conflict(newest: int, base: int | None, code: str | None = None) -> ProblemError:
    lost = " What the model wrote is in `code`." if code else ""
    return ProblemError(
        409,
        "revision-conflict",
        "Somebody else changed the diagram",
        f"The newest revision is {newest}, not {base}. Look at it, then send the request with its number.{lost}",
        code=code,
    )
