"""Put databases of a backup in the place of those that serve: restored beside them, counted, then swapped at once.

Until the swap, which is one transaction, nobody notices anything, and whatever happens leaves the old ones serving.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from upready.data.archive import Reader
from upready.data.manifest import Item, Part
from upready.data.postgres import Database, Server
from upready.support import pipes
from upready.support.errors import DataError

_LONGEST = 63
"""Bytes of a name of PostgreSQL."""


@dataclass
class Replacement:
    """Databases of one server that are about to be replaced.

    Attributes:
        server: The server.
        part: What the backup holds of it.
        reader: The backup.
        stamp: Ends the names of what is made for this: `20261127T172729`.
        there: The databases that the server has now, by name.
    """

    server: Server
    part: Part
    reader: Reader
    stamp: str
    there: dict[str, Database] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.there = {each.name: each for each in self.server.databases()}
        main = next((each.name for each in self.there.values() if each.main), "")
        # The service's own database may have another name here than where the backup was made.
        self.names = {each.name: main if each.main and main else each.name for each in self.part.items}

    def check(self) -> None:
        """Make sure that this server can take what the backup holds.

        Raises:
            DataError: It is older than the one that the backup is of, or cannot read its dumps.
            ProgramError: It cannot read a dump.
        """
        ours = self.server.version()
        if major(self.part.version) > major(ours):
            raise DataError(
                f"the backup of {self.part.service} is of PostgreSQL {self.part.version}, and this is {ours}",
                details=["an older server cannot read it; nothing was changed"],
                next=f"take an image of PostgreSQL {major(self.part.version)} or newer for {self.part.service}, "
                f"then: invoke restore {self.reader.path.name}",
            )
        for item in self.part.items:
            self.server.contents(self.reader.member(item.member))

    def stage(self, tell: Callable[[int], None]) -> None:
        """Restore the databases beside those that serve, and count their rows.

        Raises:
            DataError: A row is missing.
            ProgramError: PostgreSQL refuses something.
        """
        self.stage_roles()
        for item in self.part.items:
            self.put(item, self.new(item), self.names[item.name], tell)

    def stage_roles(self) -> None:
        """Remove what a killed restore left, and make the roles that are missing: databases belong to them."""
        self.server.tidy()
        if self.part.roles:
            self.server.make_roles(self.reader.member(self.part.roles).read().decode())

    def put(self, item: Item, name: str, like: str, tell: Callable[[int], None]) -> None:
        """Restore one database under a name, and count its rows; `like` is the one whose owner and settings it gets."""
        like = like if like in self.there else next((each.name for each in self.there.values() if each.main), "")
        self.server.create(name, like)
        self.server.restore(name, _Told(self.reader.member(item.member), tell))
        found = self.server.rows(name)
        if found != dict(item.rows):
            wrong = sorted(table for table in {*found, *item.rows} if found.get(table) != item.rows.get(table))
            raise DataError(
                f"{item.name} did not come back whole: {', '.join(wrong[:5])}",
                details=[f"{table}: {found.get(table)} rows, not {item.rows.get(table)}" for table in wrong[:20]],
                next="invoke backup --list",
            )

    def swap(self) -> None:
        """Let the restored databases take the place of the others, all at once."""
        self.server.swap(
            {
                self.names[item.name]: (self.new(item), self.old(item) if self.names[item.name] in self.there else "")
                for item in self.part.items
            }
        )

    def replaced(self) -> dict[str, str]:
        """The databases that were replaced, and the names that they have since."""
        return {
            self.names[item.name]: self.old(item) for item in self.part.items if self.names[item.name] in self.there
        }

    def written_since(self) -> bool:
        """Whether anybody has changed a replaced database since `there` was looked at."""
        now = {each.name: each.changes for each in self.server.databases()}
        pairs = [(self.there[name].changes, now.get(old)) for name, old in self.replaced().items()]
        return any(before is None or before != after for before, after in pairs)

    def discard(self) -> None:
        """Remove what was restored."""
        for item in self.part.items:
            self.server.drop(self.new(item))

    def finish(self) -> None:
        """Remove what was replaced."""
        for old in self.replaced().values():
            self.server.drop(old)

    def new(self, item: Item) -> str:
        """The name under which a database is restored."""
        return aside(self.names[item.name], f"__new_{self.stamp}")

    def old(self, item: Item) -> str:
        """The name that a replaced one gets."""
        return aside(self.names[item.name], f"__old_{self.stamp}")


class _Told:
    """A source whose reader is told of."""

    def __init__(self, source: pipes.Readable, tell: Callable[[int], None]) -> None:
        self._source, self._tell = source, tell

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes."""
        piece = self._source.read(size)
        self._tell(len(piece))
        return piece


def aside(name: str, suffix: str) -> str:
    """A name with a suffix, as long as PostgreSQL allows."""
    return name.encode()[: _LONGEST - len(suffix)].decode(errors="ignore") + suffix


def major(version: str) -> int:
    """The major version of PostgreSQL: 17 of `17.2`."""
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0
