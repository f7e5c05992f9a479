"""The OpenAPI document as its readers expect it: one schema of all problems, and names that make good client code."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.problems import Problem


def install(app: FastAPI) -> None:
    """Let the application's document hold the schema `Problem`, to which every error's description refers."""
    build = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schemas = build()["components"]["schemas"]
            schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        return build()

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def operation_id(route: APIRoute) -> str:
    """The name of a route's function in camel case, `createDiagram`: what a generated client calls its method."""
    first, *others = route.name.split("_")
    return first + "".join(map(str.capitalize, others))
