"""Dependencies of the routes: the caller, the services, the store and the revisions."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.caller import Caller, caller
from app.history import History
from app.problems import ProblemError
from app.services import Services
from app.store import Store


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


WithCaller = Annotated[Caller, Depends(caller)]
WithServices = Annotated[Services, Depends(_services)]


def store_of(services: WithServices) -> Store:
    """The stored diagrams.

    Raises:
        ProblemError: No database is configured.
    """
    if services.store is None:
        raise _no_database()
    return services.store


def history_of(services: WithServices) -> History:
    """The revisions of diagrams.

    Raises:
        ProblemError: No database is configured.
    """
    if services.history is None:
        raise _no_database()
    return services.history


WithStore = Annotated[Store, Depends(store_of)]
WithHistory = Annotated[History, Depends(history_of)]


def no_such_diagram(id: UUID) -> ProblemError:  # noqa: A002 - the path's word
    """The problem that no diagram has this id, or that it is deleted."""
    return ProblemError(404, "no-such-diagram", "No such diagram", f"No diagram has the id {id}.")


def _no_database() -> ProblemError:
    return ProblemError(
        503,
        "no-database",
        "No database is configured",
        "Diagrams are not stored: set POSTGRES_HOST or DATABASE_URL, or start the profile full-stack.",
    )
