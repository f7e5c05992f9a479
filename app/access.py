"""Who may do what."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from app.caller import ANONYMOUS, EVERYTHING, Caller, address, set_caller


class Access:
    """Find out who calls, before anything else is done for him."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            set_caller(scope, Caller(ANONYMOUS, address(scope), EVERYTHING))
        await self.app(scope, receive, send)
