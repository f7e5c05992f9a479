"""The documents of tasks about the data of a stack: backups, what was restored, upgrades."""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from typing import Annotated, Any, NotRequired, TypedDict

from upready.schemas.parts import Document, Error
from upready.schemas.running import Launch


class Item(TypedDict):
    """One database or volume in a backup."""

    name: str
    member: str
    size: int
    rows: dict[str, int]
    schema: str
    main: bool
    files: int
    digest: str
    definitions: str


class LeftOut(TypedDict):
    """What a service has, and its backup has not."""

    kind: Annotated[str, "`database` or `view`."]
    name: str
    why: str
    next: Annotated[str, "The command that lets the next backup have it; empty where there is none."]


class Part(TypedDict):
    """The data of one service in a backup."""

    service: str
    kind: str
    image: str
    image_id: str
    version: str
    read: str
    items: list[Item]
    roles: str
    left_out: list[LeftOut]


class Backup(TypedDict):
    """A backup: where it is, how large, and what it is of."""

    file: str
    size: int
    id: str
    created: str
    project: str
    environment: str
    release: str
    runtime: str
    parts: list[Part]
    reason: Annotated[str, "Why it was made: empty where somebody asked."]
    recipient: Annotated[str, "To whom it is encrypted; empty where it is not."]
    format: Annotated[int, "The form of the file."]


class Made(Backup, Document):
    """A backup that was made, and the old ones that were thrown away."""

    removed: list[str]


class Backups(Document):
    """Which backups there are."""

    backups: list[Backup]


class Proven(Document):
    """A backup that was restored to prove it."""

    proven: Backup


class Restored(Document):
    """What was restored."""

    restored: Backup
    before: Annotated[Backup | None, "The backup of what was there before."]
    into: list[str]
    node: NotRequired[Annotated[str, "The node of a swarm that has what was made beside."]]
    gap: Annotated[float, "Seconds for which the services took no connection."]
    restarted: Launch | None
    error: NotRequired[Error]


Upgraded = TypedDict(
    "Upgraded",
    {
        "engine": NotRequired[dict[str, Any]],
        "service": str,
        "from": int | None,
        "to": int,
        "volume": str,
        "rows": dict[str, dict[str, int]],
        "kept": list[str],
        "seconds": float,
        "launch": NotRequired[Launch],
    },
)
"""How an upgrade of a database ended."""
