"""Requests of browsers: under which host names this service may be reached, and which sites may use it.

Any page can make the browser of its visitor send requests to this service. With DNS rebinding, even the name of the
page's own host can lead here. If a key is needed, this is harmless, since the page has no key. Otherwise the page could
do everything that its visitor may do.
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
PREFLIGHT_KEPT = 600  # seconds that a browser may remember a preflight


class Sites(Middleware):
    """Refuse requests for another host (421), and requests of other sites' pages without a key (403).

    IP addresses and `localhost` are always accepted: the page of another site cannot have such a name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app)
        self._hosts = settings.api_hosts
        self._origins = settings.api_origins
        # Without API_HOSTS every name is accepted if a key is needed: only the owner of a new server knows its names.
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
                "This service does not have that name",
                "The header `Host` names another host. If it is a name of this service, add it to API_HOSTS.",
            )
        origin = headers.get("origin")
        # A browser never adds a key by itself. So if there is one, the page knows it.
        keyed = headers.get("authorization", "").lower().startswith("bearer ")
        if scope["method"] in SAFE_METHODS or origin is None or keyed:
            return None
        if origin in self._origins or origin.lower().partition("://")[2] == given.lower():
            return None
        return ProblemError(
            403,
            "origin-refused",
            "A page of another site may not do this",
            "The header `Origin` names a site that may not use this service. If it should, add it to API_ORIGINS.",
        )


class Cors(CORSMiddleware):
    """Lets pages of the origins in API_ORIGINS read answers. A refused preflight gets a problem document too."""

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
        """Answer the request that a browser sends before a request of another origin's page."""
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
    """Whether a host name is accepted: an IP address, a name of this machine for itself, or one of `hosts`."""
    if addresses.is_address(name) or name == "localhost" or name.endswith(".localhost") or name in hosts:
        return True
    return any(each.startswith("*.") and name.endswith(each[1:]) for each in hosts)
