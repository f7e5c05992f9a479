"""The API's documentation: the OpenAPI document, and Swagger UI at `/docs`.

The document has one schema for all problems, and names that make good client code. Swagger UI comes from this service
itself, and its policy allows nothing else.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from app import prefix
from app.access import is_open, needed
from app.headers import content_security_policy, script_hashes
from app.problems import Problem, responses

SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key; whoever runs the service gives it to you (API_KEYS). One that is open to everybody "
    "(API_ALLOW_ANONYMOUS, as in development) answers without a key, too.",
}
STATIC = "/static-offline-docs"  # where fastapi-offline has its copy
METHODS = ("delete", "get", "patch", "post", "put")
# The headers of answers that a program may need, by their statuses.
HEADERS = {
    "201": ("Location", "string", "The path of the diagram."),
    "401": ("WWW-Authenticate", "string", "`Bearer`: send an API key."),
    "429": ("Retry-After", "integer", "Seconds to wait."),
    "503": ("Retry-After", "integer", "Seconds to wait, where that is known."),
}

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Add to the application's document: the schema `Problem` of every error, and which routes need an API key."""
    build = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = build()
            made["components"]["schemas"]["Problem"] = Problem.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            made["components"]["securitySchemes"] = {"apiKey": SCHEME}
            _tell_access(made["paths"])
            _tell_headers(made["paths"])
        return build()

    app.openapi = document  # type: ignore[method-assign]  # the way that FastAPI documents


def _tell_access(paths: dict[str, Any]) -> None:
    """Add to each operation whether it needs a key, and the answers to a request without the right scope.

    This is the same for all settings, since a client that was made in development is used in production.
    """
    for path, operations in paths.items():
        for method in METHODS:
            scope = {"path": path, "method": method.upper()}
            if method not in operations:
                continue
            operations[method]["security"] = []
            if not is_open(scope):
                refusals = {str(status): said for status, said in responses(401, 403, 429).items()}
                operations[method]["security"] = [{"apiKey": [needed(scope)]}]
                operations[method]["responses"] = dict(sorted({**refusals, **operations[method]["responses"]}.items()))


def _tell_headers(paths: dict[str, Any]) -> None:
    """Add the headers of answers."""
    for path, operations in paths.items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status in HEADERS and path != "/health":
                    name, kind, meaning = HEADERS[status]
                    answer["headers"] = {name: {"description": meaning, "schema": {"type": kind}}}


def operation_id(route: APIRoute) -> str:
    """The name of a route's function in camel case, such as `createDiagram`: the name in generated clients."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))


@router.get("/docs")
async def get_documentation(request: Request) -> HTMLResponse:
    """Show the API in Swagger UI."""
    base = prefix.of(request.scope)
    page = get_swagger_ui_html(
        openapi_url=f"{base}{request.app.openapi_url}",
        title=f"{request.app.title}: the API",
        swagger_js_url=f"{base}{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{base}{STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{base}{STATIC}/favicon.png",
        # The document is not sent to a validator on another server.
        swagger_ui_parameters={"validatorUrl": None},
    )
    page.headers["Content-Security-Policy"] = content_security_policy(
        script_src=f"'self' {script_hashes(bytes(page.body).decode())}",
        style_src="'self' 'unsafe-inline'",  # Swagger UI writes styles into its elements
        img_src="'self' data:",
        connect_src="'self'",
    )
    return page
