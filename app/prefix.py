"""The path that a proxy has in front of this service's own: `/ai`, where it serves https://example.com/ai/.

uvicorn reads it from UVICORN_ROOT_PATH, and puts it before the path of each request, which the proxy has shortened.
"""

from __future__ import annotations

from starlette.types import Scope


def whole(text: str) -> str:
    """A prefix as somebody has written it (`ai/`, `/ai/`), in the one form that paths are joined to: `/ai`."""
    name = text.strip("/")
    return f"/{name}" if name else ""


def of(scope: Scope) -> str:
    """The prefix of a request; empty without one."""
    found: str = scope.get("root_path", "")
    return found


def own_path(scope: Scope) -> str:
    """The path of a request without the prefix, as the routes have it."""
    path: str = scope["path"]
    return path.removeprefix(of(scope)) or "/"
