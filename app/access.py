"""Who may do what: every request is refused that is not allowed here, whatever route would serve it.

What may be asked for without a key is named one by one, by the very path that the router is going to see; a route that
nobody has thought of needs a key.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app import examples, keys, problems
from app.caller import ANONYMOUS, EVERYTHING, Caller, Permission, address, caller, set_caller
from app.middleware import Middleware
from app.problems import ProblemError
from app.rates import Rates
from app.settings import Settings

OPEN = frozenset({"/", "/health", "/health/live", "/api/v1/session"})
OPEN_FOLDER = "/assets/"  # the page's files
READ_METHODS = frozenset({"GET", "OPTIONS"})  # HEAD comes as GET
READ_BY_POST = frozenset({"/api/v1/diagrams/validate"})  # changes nothing, and costs nothing

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
    """Say who calls and what he may do, whether others need an API key, and whether a language model is configured.

    Answers everybody: a key that is not known counts as none, with no scope.
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
    """Find out who calls, before anything else is done for him, and refuse what he may not do."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        self._keys = settings.keys
        self._anonymous: frozenset[Permission] = EVERYTHING if settings.api_allow_anonymous else frozenset()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found, fault = self._caller(scope)
        set_caller(scope, found)
        everybodys = is_open(scope)
        # Counted before anything is refused: guessing keys is limited, too.
        if fault is not None or not everybodys:
            rates: Rates = scope["app"].state.services.rates
            if (refusal := await rates.refusal(found.identity)) is not None:
                await problems.respond(refusal, scope, receive, send)
                return
        if not everybodys:
            fault = fault or _missing(found, needed(scope))
            if fault is not None:
                await problems.respond(fault, scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _caller(self, scope: Scope) -> tuple[Caller, ProblemError | None]:
        """Who calls; and what is wrong with the key that he sent, if anything."""
        origin = address(scope)
        given = Headers(scope=scope).getlist("authorization")
        scheme, _, text = given[0].strip().partition(" ") if given else ("", "", "")
        if len(given) <= 1 and scheme.lower() != "bearer":
            # Another scheme is for somebody else, such as a proxy that asks for a password.
            return Caller(ANONYMOUS, origin, self._anonymous), None
        found = keys.find(self._keys, text.strip()) if len(given) == 1 else None
        if found is None:
            return Caller(ANONYMOUS, origin, frozenset()), _unknown()
        return Caller(found.name, origin, found.scopes), None


def needed(scope: Scope) -> Permission:
    """What a caller must be allowed to do for this request; whatever is not known to change nothing is `write`."""
    path = _path(scope)
    if scope["method"] in READ_METHODS or (scope["method"] == "POST" and path in READ_BY_POST):
        return "read"
    return "write"


def _path(scope: Scope) -> str:
    """As the router sees it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def is_open(scope: Scope) -> bool:
    """Whether everybody may ask for it."""
    path = _path(scope)
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
