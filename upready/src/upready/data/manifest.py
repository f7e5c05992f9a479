"""What a backup says of itself: `manifest.json` within its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from upready.support import parsing
from upready.support.errors import DataError

FORMAT = 1
"""The form of the file; a newer one is not read."""


@dataclass(frozen=True)
class Item:
    """One database or volume.

    Attributes:
        name: Its name in the stack: of the database, or of the volume.
        member: Its member in the file.
        size: Bytes that it took on its disk, where that is known; else bytes of its archive.
        rows: How many rows each table has; of a Redis, how many keys last and how many expire.
        schema: The version of its schema, as the tool that migrates it says; empty where none does.
        main: Whether it is the service's own database.
        files: How many files and folders a volume has.
        digest: What they are, in one number: see `upready.data.volume.survey`. Of a database of MySQL: the SHA-256 of
            its dump.
        definitions: The member with what the dump does not have, empty for none: of MySQL, what belongs to a database's
            tables and is made after them; of PostgreSQL, the database's owner, locale, rights and settings.
    """

    name: str
    member: str
    size: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    schema: str = ""
    main: bool = False
    files: int = 0
    digest: str = ""
    definitions: str = ""


@dataclass(frozen=True)
class LeftOut:
    """What a service has, and its backup has not.

    Attributes:
        kind: `database` or `view`.
        name: Its name.
        why: Why it is not there, in words that go on after its name: `to which nobody may connect`.
        next: The command that lets the next backup have it; empty where there is none.
    """

    kind: str
    name: str
    why: str
    next: str = ""

    def of(self, service: str) -> str:
        """What it is, in words."""
        return f"{service} has the {self.kind} {self.name}, {self.why}"


@dataclass(frozen=True)
class Part:
    """The data of one service.

    Attributes:
        service: The service.
        kind: One of `upready.data.kinds`.
        image: Its image, as it was named.
        image_id: The id of that image.
        version: The version of its server; empty where it has none.
        read: How it was read: `snapshot`, or what the service was meanwhile (`paused`, `stopped`, `running`).
        items: Its databases or volumes.
        roles: The member with the roles of its server; empty for none.
        left_out: What the service has besides, which could not be read.
    """

    service: str
    kind: str
    image: str
    image_id: str
    version: str
    read: str
    items: tuple[Item, ...]
    roles: str = ""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a backup is of.

    Attributes:
        id: Its name: when it was made.
        created: The same, as RFC 3339.
        project: Compose's project name.
        environment: `dev`, `prod`, …; empty where it is not known.
        release: The release that ran; empty where none did.
        runtime: `docker` or `native`.
        reason: Why it was made: empty where somebody asked, else `before a restore`, …
        recipient: To whom it is encrypted; empty where it is not.
        parts: The data, by service.
    """

    id: str
    created: str
    project: str
    environment: str
    release: str
    runtime: str
    parts: tuple[Part, ...]
    reason: str = ""
    recipient: str = ""
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """The rows of all tables together."""
        return sum(sum(item.rows.values()) for part in self.parts for item in part.items)

    def as_dict(self) -> dict[str, Any]:
        """It as JSON."""
        return asdict(self)

    def encode(self) -> bytes:
        """It as it stands in the file."""
        return (json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def decode(cls, data: bytes, path: Path) -> Manifest:
        """What `encode` made.

        Raises:
            DataError: It is something else, or of a newer version of this program.
        """
        try:
            content = parsing.from_json(data)
            if content["format"] > FORMAT:
                raise DataError(
                    f"{path} is a backup of form {content['format']}; this program reads those up to {FORMAT}",
                    next="uv sync --upgrade-package upready",
                )
            return cls(**{**content, "parts": tuple(map(_part, content["parts"]))})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{path} is no backup: its manifest says nothing", next="invoke backup --list") from error


def _part(told: Mapping[str, Any]) -> Part:
    left_out = tuple(LeftOut(**each) for each in told.get("left_out", ()))
    return Part(**{**told, "items": tuple(Item(**each) for each in told["items"]), "left_out": left_out})
