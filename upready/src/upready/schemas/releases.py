"""The documents of releases: what one would change, which there were, and who made them."""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from typing import Annotated, TypedDict

from upready.schemas.parts import Document, OneOf


class Change(TypedDict):
    """What a release would do to one service."""

    service: str
    action: str
    gap: Annotated[bool, "Whether it is away for a while."]
    held: Annotated[bool, "Whether its requests wait at the edge meanwhile."]
    reasons: list[str]
    order: Annotated[str, "Why it is stopped first; empty where it is not."]
    image_size: Annotated[int | None, "Bytes of the image that it gets; null where its image stays."]
    size_before: Annotated[int | None, "Bytes of the image that it has; null where it does not run."]
    hooks: Annotated[list[str], "The commands that lifecycle hooks run: `pre_start: python migrate.py`."]


class ReleasePlan(Document):
    """What a release would do (`prod --plan`)."""

    dry: bool
    services: list[Change]
    migrations: dict[str, list[str]]
    runs_migrations: Annotated[list[str], "The services whose migrations it would run."]
    backs_up: Annotated[list[str], "The services whose data would be backed up before."]


class RollbackPlan(Document):
    """What a rollback would do (`rollback --dry`)."""

    dry: bool
    services: list[Change]
    migrations: Annotated[dict[str, list[str]], "By release, the services whose migrations are not taken back."]
    backups: Annotated[dict[str, dict[str, str]], "By release, the backup that was made before them."]


class Release(TypedDict):
    """One release."""

    release: str
    created: Annotated[str, "When it was begun: ISO 8601, UTC."]
    commit: str
    by: Annotated[str, "Who made it, and where: user@host."]
    state: Annotated[str, OneOf("current", "previous", "failed", "kept")]
    migrations: Annotated[list[str], "The services that ran migrations when it was released."]
    backup: Annotated[dict[str, str] | None, "The backup that was made before them."]


class Releases(Document):
    """What was released, the newest first, and which old releases were removed before."""

    releases: list[Release]
    pruned: list[str]


class Changed(TypedDict):
    """One change."""

    time: str | None
    task: str | None
    release: str | None
    result: Annotated[str | None, "begun, ready, done, failed or paused."]
    seconds: Annotated[float | None, "How long it took; null where it has not ended."]
    by: str | None


class Audit(Document):
    """Who changed what, the oldest first."""

    changes: list[Changed]
