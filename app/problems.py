"""Errors as RFC 9457 problem documents (`application/problem+json`)."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from app import examples, mistakes
from app.admission import OverloadedError
from app.errors import DatabaseUnavailableError
from app.headers import secure
from app.logs import REQUEST_ID_HEADER, request_id
from app.settings import Settings

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
ERRORS_LIMIT = 20  # errors of one request that are listed; a body of 1 MiB can have 100,000
UNREAD = "There was an error parsing the body"  # FastAPI's message
WHERE_LIMIT = 200  # characters of a location, which contains names that the caller chose


ProblemType = Literal[
    "about:blank",  # nothing more than the HTTP status says
    "api-key-unknown",
    "budget-spent",
    "caller-gone",  # in the log only
    "database-unavailable",
    "host-unknown",
    "internal-error",
    "invalid-request",
    "llm-busy",
    "llm-empty",
    "llm-key-rejected",
    "llm-model-unknown",
    "llm-no-credits",
    "llm-no-diagram",
    "llm-not-ready",
    "llm-rate-limited",
    "llm-refused",
    "llm-rejected",
    "llm-timeout",
    "llm-unavailable",
    "mcp-refused",
    "mcp-unavailable",
    "model-not-allowed",
    "no-api-key",
    "no-database",
    "no-key",
    "no-such-diagram",
    "rate-limited",
    "no-such-revision",
    "origin-refused",
    "overloaded",
    "revision-conflict",
    "scope-missing",
    "unsupported-media-type",
]


class Problem(BaseModel):
    """A problem document. Every error of this API is answered with one."""

    type: ProblemType = Field(
        description="What kind of problem this is; stable, for programs.", examples=["mcp-unavailable"]
    )
    title: str = Field(description="The kind in words.", examples=["The validator is not available"])
    status: int = Field(description="The HTTP status code.", examples=[503])
    detail: str = Field(description="What happened this time, and what to do about it.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="For an invalid request: what is wrong, and where."
    )
    code: str | None = Field(default=None, description="What a model wrote, if it could not be stored.")
    retry_after: int | None = Field(
        default=None, description="Seconds to wait; only in events, which have no header `Retry-After`."
    )
    request_id: str | None = Field(default=None, description="The id of the request in the log.")
    traceback: list[str] | None = Field(default=None, description="The traceback of a bug, if DEBUG is on.")


class ProblemError(Exception):
    """An error that is answered with a problem document.

    Args:
        status: The HTTP status code of the answer.
        type: The kind of problem. It does not change between releases, so programs may compare it.
        title: The kind in words.
        detail: What happened this time and what to do about it, without secrets.
        headers: Headers of the answer, such as `Retry-After`.
        code: What a model wrote, so that it is not lost.
    """

    def __init__(
        self,
        status: int,
        type: ProblemType,  # noqa: A002 - the field's name in RFC 9457
        title: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(type=type, title=title, status=status, detail=detail, code=code)
        self.headers = headers


def install(app: FastAPI, settings: Settings) -> None:
    """Answer every error of the application with a problem document; DEBUG adds the traceback of a bug."""

    @app.exception_handler(ProblemError)
    async def _ours(_request: Request, error: ProblemError) -> JSONResponse:
        return _answer(error.problem, error.headers)

    @app.exception_handler(DatabaseUnavailableError)
    async def _database(_request: Request, error: DatabaseUnavailableError) -> JSONResponse:
        # The reason is only in the log and in /health, since the driver's message names hosts and users.
        logger.warning("the database is not available: %s", error)
        return answer(
            ProblemError(
                503,
                "database-unavailable",
                "The database is not available",
                "The database does not answer. Try again shortly; /health says why.",
                headers={"Retry-After": "5"},
            )
        )

    @app.exception_handler(OverloadedError)
    async def _overloaded(request: Request, error: OverloadedError) -> JSONResponse:
        request.state.unlogged = True  # app.admission logs one line about all of them
        wait = error.retry_after
        return answer(
            ProblemError(
                503,
                "overloaded",
                "Too much is asked for at once",
                f"Too many requests are waiting already. Try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        phrase, detail = HTTPStatus(error.status_code).phrase, str(error.detail)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _methods(request)
            detail = f"This path takes {headers['Allow']}."
        elif error.status_code == HTTPStatus.NOT_FOUND and detail == phrase:
            detail = "There is nothing at this path. GET / says what there is."
        elif detail == UNREAD:
            detail = examples.UNREAD
        return _answer(Problem(type="about:blank", title=phrase, status=error.status_code, detail=detail), headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        if any(mistakes.where(each) == "body" for each in error.errors()) and not _is_json(request):
            return _answer(
                Problem(
                    type="unsupported-media-type",
                    title="The body is not sent as JSON",
                    status=415,
                    detail="Send the body as JSON, with the header Content-Type: application/json.",
                )
            )
        told = error.errors()[:ERRORS_LIMIT]
        errors = [{"where": mistakes.where(each)[:WHERE_LIMIT], "message": mistakes.sentence(each)} for each in told]
        detail = " ".join(each["message"] for each in errors)
        return _answer(
            Problem(type="invalid-request", title="The request is invalid", status=422, detail=detail, errors=errors)
        )

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> JSONResponse:
        response = _answer(of_bug(error, settings), {REQUEST_ID_HEADER: request_id.get()})
        secure(response.headers, request.scope)  # this answer passes through no middleware
        return response


def answer(error: ProblemError, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer to an error, for code that is not in a route."""
    return _answer(error.problem, {**(error.headers or {}), **(headers or {})})


async def respond(error: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with an error, before it reaches a route."""
    await answer(error)(scope, receive, send)


def of_bug(error: Exception, settings: Settings) -> Problem:
    """The problem of an unexpected error."""
    problem = Problem(
        type="internal-error",
        title="Internal error",
        status=500,
        detail="The service failed on this request. Its log has the traceback under this request's id.",
        request_id=request_id.get(),
    )
    if settings.debug:
        problem.traceback = settings.mask("".join(traceback.format_exception(error))).splitlines()
    return problem


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for OpenAPI: these statuses have a problem document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _example(status)}},
        }
        for status in statuses
    }


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _methods(request: Request) -> str:
    """The value of `Allow`: the methods of all routes with this path. The router would name those of the first one."""
    methods = {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    }
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _example(status: int) -> dict[str, Any]:
    return {**examples.PROBLEMS[status], "status": status}


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(exclude_none=True), problem.status, headers, MEDIA_TYPE)
