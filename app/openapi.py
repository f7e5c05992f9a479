"""The OpenAPI document as its readers expect it: one schema of all problems, and names that make good client code."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.access import is_open, needed
from app.problems import Problem, responses

SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "One of API_KEYS. Where API_ALLOW_ANONYMOUS is true, as in development, none is needed.",
}
METHODS = ("delete", "get", "patch", "post", "put")


def install(app: FastAPI) -> None:
    """Complete the application's document: the schema `Problem` of every error, and where an API key is needed."""
    build = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = build()
            made["components"]["schemas"]["Problem"] = Problem.model_json_schema(
                ref_template="#/components/schemas/{model}"
            )
            made["components"]["securitySchemes"] = {"apiKey": SCHEME}
            _tell_access(made["paths"])
        return build()

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _tell_access(paths: dict[str, Any]) -> None:
    """Say of each operation whether it needs a key, and how one without the right scope is answered."""
    for path, operations in paths.items():
        for method in METHODS:
            scope = {"path": path, "method": method.upper()}
            if method in operations and not is_open(scope):
                refusals = {str(status): said for status, said in responses(401, 403, 429).items()}
                operations[method]["security"] = [{"apiKey": [needed(scope)]}, {}]
                operations[method]["responses"] = dict(sorted({**refusals, **operations[method]["responses"]}.items()))


def operation_id(route: APIRoute) -> str:
    """The name of a route's function in camel case, `createDiagram`: what a generated client calls its method."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
