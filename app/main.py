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
    examples,
    health,
    logs,
    mistakes,
    openapi,
    page,
    prefix,
    problems,
    revisions,
    validation,
)
from app.access import Access
from app.middleware import BodyLimit, HttpCustoms, RequestLog, SecurityHeaders, WholeBody
from app.proxies import Proxies
from app.services import open_services
from app.settings import Settings, get_settings
from app.sites import Cors, Sites

logger = logging.getLogger(__name__)

STARTUP_FAILURE = 3  # uvicorn's exit code for this: the parent process then stops and does not start another worker


class Root(BaseModel):
    """The name of this service, and its links."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ROOT]})

    name: str
    version: str
    links: dict[str, str]


def create_app(settings: Settings) -> FastAPI:
    """The application with these settings. It connects to other services when it is started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as app.state.services:
            yield

    # With its own copy of Swagger UI, so that /docs works without the internet.
    app: FastAPI = FastAPIOffline(
        title="BA Copilot AI",
        version=__version__,
        summary="Mermaid diagrams: written by a language model, validated by Mermaid's own parser.",
        docs_url=None,  # ours: app.openapi
        redoc_url=None,
        redirect_slashes=False,  # a redirect would go to whatever host the caller names
        generate_unique_id_function=openapi.operation_id,
        lifespan=lifespan,
    )
    # The last one added gets a request first. Access gets the same path as the router.
    app.add_middleware(Access, settings=settings)
    app.add_middleware(HttpCustoms)
    app.add_middleware(BodyLimit)
    if settings.api_origins:
        app.add_middleware(Cors, settings=settings)
    app.add_middleware(Sites, settings=settings)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(WholeBody)
    app.add_middleware(RequestLog)
    if settings.forwarded_allow_hosts:
        app.add_middleware(Proxies, names=settings.forwarded_allow_hosts)
    problems.install(app, settings)
    app.include_router(health.router)
    app.include_router(access.router)
    app.include_router(openapi.router)
    app.include_router(validation.router)
    app.include_router(diagrams.router)
    app.include_router(revisions.router)
    app.include_router(page.router)
    openapi.install(app)

    @app.get("/", tags=["service"], summary="Name the service", response_model=Root)
    async def get_service(request: Request) -> Root | Response:
        """Name the service and its links. A browser (`Accept: text/html`) gets the page."""
        if page.wants(request):
            return await page.show(request)
        base = prefix.of(request.scope)
        paths = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "diagrams": "/api/v1/diagrams"}
        return Root(name=app.title, version=__version__, links={name: base + path for name, path in paths.items()})

    return app


def _start() -> FastAPI:
    """The application with the settings of the environment. Invalid settings are logged without a traceback."""
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
# All objects that exist now stay until the end. To look for garbage among them would stop requests for 50 to 150 ms
# each time (measured).
gc.freeze()
gc.enable()
