"""The document of a watch."""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from typing import Annotated, NotRequired, TypedDict

from upready.schemas.parts import Document, Error, Failure, OneOf, Replica, Runtime


class WatchRule(TypedDict):
    """One rule of a service's `develop.watch`."""

    service: str
    action: Annotated[str, OneOf("rebuild", "restart", "sync+restart", "sync+exec", "sync")]
    path: Annotated[str, "What is watched; within the project's folder without that."]
    target: Annotated[str, "Where its files belong in the container; empty where nothing is copied."]
    mounted: Annotated[bool, "Whether it is mounted into the container, so that nothing is copied."]


class WatchChange(TypedDict):
    """What was done to a service because of changed files."""

    service: str
    action: Annotated[str, OneOf("rebuild", "restart", "sync+restart", "sync+exec", "sync")]
    files: list[str]
    mounted: Annotated[bool, "Whether all of them are mounted into the container, so that nothing was done."]


class WatchEvent(Document):
    """What a watch tells: an object a line."""

    time: Annotated[str, "ISO 8601, UTC."]
    event: Annotated[
        str,
        OneOf("watching", "change", "ready", "unready", "failed"),
        "watching (it has begun); change (files have changed); ready, unready (what that asks for is done, and the "
        "services were judged); failed (it could not be done).",
    ]
    project: str
    environment: str
    runtime: Runtime
    changes: Annotated[list[WatchChange], "The changes that it is about."]
    rules: NotRequired[Annotated[list[WatchRule], "What is watched, once it has begun."]]
    status: NotRequired[Annotated[str, OneOf("healthy", "degraded", "unhealthy", "stopped")]]
    services: NotRequired[list[Replica]]
    ready_in: NotRequired[Annotated[float, "Seconds until every service was ready, or until the end of the wait."]]
    failures: NotRequired[Annotated[list[Failure], "Why services are not ready; empty when all are."]]
    error: NotRequired[Annotated[Error, "Why it could not be done, or what is not ready."]]
