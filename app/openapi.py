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
    "description": "An API key; whoever runs the service gives it to you (API_KEYS). One that is open to everybody "
    "(API_ALLOW_ANONYMOUS, as in development) answers without a key, too.",
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
    """Say of each operation whether it needs a key, and how one without the right scope is answered.

    The same for every setting: a client that is made from a document of development is used in production.
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


def operation_id(route: APIRoute) -> str:
    """The name of a route's function in camel case, `createDiagram`: what a generated client calls its method."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
