"""The application: `uvicorn app.main:app`."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, ValidationError

from app import (
    __version__,
    access,
    diagrams,
    docs,
    examples,
    health,
    logs,
    mistakes,
    openapi,
    page,
    problems,
    revisions,
    validation,
)
from app.access import Access
from app.headers import SecurityHeaders
from app.middleware import BodyLimit, HttpCustoms, RequestLog
from app.proxies import Proxies
from app.services import open_services
from app.settings import Settings, get_settings
from app.sites import Cors, Sites

logger = logging.getLogger(__name__)

STARTUP_FAILURE = 3  # uvicorn's own code: its parent process then stops instead of starting the worker again


class Root(BaseModel):
    """What this service is, and where to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ROOT]})

    name: str
    version: str
    links: dict[str, str]


def create_app(settings: Settings) -> FastAPI:
    """The application with these settings; it connects to nothing until it is started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as app.state.services:
            yield

    # Its own copy of Swagger UI instead of a CDN's: /docs must work where the internet does not.
    app: FastAPI = FastAPIOffline(
        title="BA Copilot AI",
        version=__version__,
        summary="Mermaid diagrams: written by a language model, validated by Mermaid's own parser.",
        docs_url=None,  # ours: app.docs
        redoc_url=None,
        redirect_slashes=False,  # the redirect would name whatever host the caller names
        generate_unique_id_function=openapi.operation_id,
        lifespan=lifespan,
    )
    # The last one sees a request first. Access sees the very path that the router does.
    app.add_middleware(Access, settings=settings)
    app.add_middleware(HttpCustoms)
    app.add_middleware(BodyLimit)
    if settings.api_origins:
        app.add_middleware(Cors, settings=settings)
    app.add_middleware(Sites, settings=settings)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    if settings.forwarded_allow_hosts:
        app.add_middleware(Proxies, names=settings.forwarded_allow_hosts)
    problems.install(app, settings)
    app.include_router(health.router)
    app.include_router(access.router)
    app.include_router(docs.router)
    app.include_router(validation.router)
    app.include_router(diagrams.router)
    app.include_router(revisions.router)
    app.include_router(page.router)
    openapi.install(app)

    @app.get("/", tags=["service"], summary="Name the service", response_model=Root)
    async def get_service(request: Request) -> Root | Response:
        """Name the service, and say where to go on. A browser (`Accept: text/html`) is shown the page."""
        if page.wants(request):
            return await page.show(request)
        base = request.scope.get("root_path", "")
        paths = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "diagrams": "/api/v1/diagrams"}
        return Root(name=app.title, version=__version__, links={name: base + path for name, path in paths.items()})

    return app


def _start() -> FastAPI:
    """The application from the environment; a setting of the wrong form is told without a traceback."""
    try:
        settings = get_settings()
    except ValidationError as error:
        logs.configure(None)
        for finding in error.errors():
            variable = "_".join(map(str, finding["loc"])).upper()
            logger.critical("setting %s is invalid: %s", variable, mistakes.rule(finding))
        raise SystemExit(STARTUP_FAILURE) from None
    logs.configure(settings)
    return create_app(settings)


app = _start()
# What is there now stays: looking for garbage among it would hold up a request for a tenth of a second now and then.
gc.freeze()
gc.enable()
