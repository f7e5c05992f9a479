"""Who may do what. Every request is checked here, before a route serves it.

The paths that need no key are listed here, as the router sees them. Every other route needs a key, also a new one.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app import examples, keys, prefix, problems
from app.caller import ANONYMOUS, EVERYTHING, Caller, Permission, address, caller, set_caller
from app.middleware import Middleware
from app.problems import ProblemError
from app.rates import Rates
from app.settings import Settings

OPEN = frozenset({"/", "/health", "/health/live", "/api/v1/session"})
OPEN_FOLDER = "/assets/"  # the page's files
READ_METHODS = frozenset({"GET", "OPTIONS"})  # HEAD arrives here as GET
READ_BY_POST = frozenset({"/api/v1/diagrams/validate"})  # stores nothing, and calls no model

router = APIRouter(prefix="/api/v1/session", tags=["service"])


class Session(BaseModel):
    """What the caller may do."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SESSION]})

    name: str
    scopes: list[Literal["read", "write"]]
    key_required: bool
    generation: bool


@router.get("", summary="Say what the caller may do")
async def get_session(request: Request) -> Session:
    """Say who calls and what he may do, whether an API key is needed, and whether a language model is configured.

    Everybody gets an answer. A caller whose key is unknown has no scope.
    """
    settings: Settings = request.app.state.services.settings
    found = caller(request)
    return Session(
        name=found.name,
        scopes=sorted(found.scopes),
        key_required=not settings.api_allow_anonymous,
        generation=settings.openrouter_api_key is not None,
    )


class Access(Middleware):
    """Find out who calls, and refuse what he may not do, before anything else is done for the request."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        self._keys = settings.keys
        self._anonymous: frozenset[Permission] = EVERYTHING if settings.api_allow_anonymous else frozenset()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found, fault = self._caller(scope)
        set_caller(scope, found)
        needs_key = not is_open(scope)
        # Counted before anything is refused, so that guessing keys is limited too.
        if fault is not None or needs_key:
            rates: Rates = scope["app"].state.services.rates
            if (refusal := await rates.refusal(found.identity)) is not None:
                await problems.respond(refusal, scope, receive, send)
                return
        if needs_key:
            fault = fault or _missing(found, needed(scope))
            if fault is not None:
                await problems.respond(fault, scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _caller(self, scope: Scope) -> tuple[Caller, ProblemError | None]:
        """Who calls, and what is wrong with the key that was sent; None if nothing is."""
        origin = address(scope)
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, text = given[0].strip().partition(" ") if given else ("", "", "")
        if len(given) <= 1 and scheme.lower() != "bearer":
            # Another scheme is not for this service, but for example for a proxy that asks for a password.
            return Caller(ANONYMOUS, origin, self._anonymous), None
        found = keys.find(self._keys, text.strip()) if len(given) == 1 else None
        if found is None:
            return Caller(ANONYMOUS, origin, frozenset()), _unknown()
        return Caller(found.name, origin, found.scopes), None


def needed(scope: Scope) -> Permission:
    """The permission that a request needs: `read` if it is known to change nothing, else `write`."""
    path = prefix.own_path(scope)
    if scope["method"] in READ_METHODS or (scope["method"] == "POST" and path in READ_BY_POST):
        return "read"
    return "write"


def is_open(scope: Scope) -> bool:
    """Whether the request is allowed without an API key."""
    path = prefix.own_path(scope)
    return scope["method"] == "GET" and (path in OPEN or path.startswith(OPEN_FOLDER))


def _missing(found: Caller, permission: Permission) -> ProblemError | None:
    if permission in found.scopes:
        return None
    if found.name == ANONYMOUS:
        return ProblemError(
            401,
            "no-api-key",
            "An API key is needed",
            "Send an API key in the header `Authorization: Bearer KEY`. Whoever runs the service has one for you.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return ProblemError(
        403,
        "scope-missing",
        "The API key may not do this",
        f"The key {found.name} may only {' and '.join(sorted(found.scopes))}; this needs {permission}.",
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{permission}"'},
    )


def _unknown() -> ProblemError:
    return ProblemError(
        401,
        "api-key-unknown",
        "The API key is not known",
        "The key in `Authorization` is not known here. Check it, or ask whoever runs this service.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )
