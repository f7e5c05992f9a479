"""For whom browsers may ask: the names of this host, and the sites that may use it from their own pages.

A page anywhere can let its visitor's browser ask this service, and, with DNS rebinding, have its own name lead here.
Where a key is needed, it gains nothing by that, for it has none. Else it could do all that its visitor can.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import addresses, problems
from app.logs import REQUEST_ID_HEADER
from app.middleware import Middleware
from app.problems import ProblemError
from app.settings import Settings

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
METHODS = ("GET", "POST", "PATCH", "DELETE")
SENT = ("Accept", "Authorization", "Content-Type", REQUEST_ID_HEADER)
READ = ("Location", "Retry-After", "WWW-Authenticate", REQUEST_ID_HEADER)
PREFLIGHT_KEPT = 600  # seconds


class Sites(Middleware):
    """Refuse a request for another host (421), and one that another site's page sends for a caller without a key (403).

    An IP address, and this machine's own name for itself, always pass: no page's name can be one.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        self._hosts = settings.api_hosts
        self._origins = settings.api_origins
        # With no names given, any will do where a key is needed: a fresh server is reached under names that only its
        # owner knows.
        self._any_host = not settings.api_hosts and not settings.api_allow_anonymous

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        fault = self._fault(scope)
        if fault is not None:
            await problems.respond(fault, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _fault(self, scope: Scope) -> ProblemError | None:
        headers = Headers(scope=scope)
        given = headers.get("host", "")
        if not self._any_host and not is_ours(addresses.without_port(given), self._hosts):
            return ProblemError(
                421,
                "host-unknown",
                "This service does not go by that name",
                "The header `Host` names another host. If it is a name of this service, add it to API_HOSTS.",
            )
        origin = headers.get("origin")
        # A browser adds other credentials by itself, a key never: then the page knows it.
        keyed = headers.get("authorization", "").lower().startswith("bearer ")
        if scope["method"] in SAFE_METHODS or origin is None or keyed:
            return None
        if origin in self._origins or origin.lower().partition("://")[2] == given.lower():
            return None
        return ProblemError(
            403,
            "origin-refused",
            "A page of another site may not do this",
            "The header `Origin` names a site that is none of this service's. If it is, add it to API_ORIGINS.",
        )


class Cors(CORSMiddleware):
    """Lets pages of the origins in API_ORIGINS read answers; a preflight that is refused is a problem document, too."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(
            app,
            allow_origins=settings.api_origins,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=READ,
            max_age=PREFLIGHT_KEPT,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks before it sends a request for a page of another origin."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        return problems.answer(
            ProblemError(
                403,
                "origin-refused",
                "A page of another site may not do this",
                f"{bytes(response.body).decode()}. Allowed: API_ORIGINS; {', '.join(METHODS)}; {', '.join(SENT)}.",
            ),
            {"Vary": "Origin"},
        )


def is_ours(name: str, hosts: Collection[str]) -> bool:
    """Whether a host is this one: by its address, as this machine calls itself, or by one of the names."""
    if addresses.is_address(name) or name == "localhost" or name.endswith(".localhost") or name in hosts:
        return True
    return any(each.startswith("*.") and name.endswith(each[1:]) for each in hosts)
