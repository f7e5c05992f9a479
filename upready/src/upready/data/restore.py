"""Put data of a backup in the place of what serves: restored beside it, held against the backup, then swapped at once.

Until the swap nobody notices anything, and whatever happens leaves the old data serving.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from upready.data import postgres_left_out
from upready.data import postgres_queries as queries
from upready.data.archive import Reader
from upready.data.change import Loss
from upready.data.manifest import Item, Part
from upready.data.postgres import Database, Server
from upready.support import next_step, pipes, units
from upready.support.errors import DataError, UsageError
from upready.support.pipes import ProgramError

_LOG = 1_200_000_000
"""Bytes that PostgreSQL's log of changes (WAL) may take meanwhile: `max_wal_size`, and some more."""

_LONGEST = 63
"""Bytes of a name of PostgreSQL."""

STAMP = "%Y%m%dT%H%M%S"
"""How a moment stands at the end of a name."""


@dataclass
class Databases:
    """Databases of one server that are about to be replaced.

    Attributes:
        server: The server.
        part: What the backup holds of it.
        reader: The backup.
        stamp: Ends the names of what is made for this: `20261127T172729`.
        there: The databases that the server has now, by name.
        version: The server's version.
    """

    server: Server
    part: Part
    reader: Reader
    stamp: str
    there: dict[str, Database] = field(default_factory=dict)
    version: str = ""
    taken_back: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.version, found = self.server.look()
        self.there = {each.name: each for each in found}
        self.names = names_here(self.part, self.there.values())

    def check(self) -> None:
        """Make sure that this server can take what the backup holds.

        Raises:
            DataError: It is older than the one that the backup is of, cannot read its dumps, or has a database that
                cannot be replaced.
            ProgramError: It cannot read a dump.
        """
        if major(self.part.version) > major(self.version):
            raise DataError(
                f"the backup of {self.part.service} is of PostgreSQL {self.part.version}, and this is {self.version}",
                details=["an older server cannot read it; nothing was changed"],
                next=f"take an image of PostgreSQL {major(self.part.version)} or newer for {self.part.service}, "
                f"then: invoke restore {self.reader.path.name}",
            )
        for each in postgres_left_out.find(self.server, self.part.service):
            if each.name in self.names.values():
                raise DataError(
                    f"{each.of(self.part.service)}: nothing can take its place",
                    details=["nothing was changed"],
                    next=each.next,
                )
        with ThreadPoolExecutor(1, "list") as beside:
            listed = beside.submit(self._check_dumps)
            self._check_room()
            listed.result()

    def _check_dumps(self) -> None:
        """Make sure that the server's own program can read each dump."""
        for item in self.part.items:
            with self.reader.member(item.member) as dump:
                self.server.contents(dump)

    def _check_room(self) -> None:
        """Make sure that the databases fit on the disk beside those that serve.

        On a full disk PostgreSQL could not write its log any more, and would stop serving.

        Raises:
            DataError: They do not.
        """
        size = sum(each.size for each in self.part.items)
        needed = size + size // 10 + min(size, _LOG)
        free = self.server.free()
        if free < needed:
            raise DataError(
                f"there is no room beside the data of {self.part.service}: "
                f"{units.size(needed)} are needed, and {units.size(free)} are free",
                details=["nothing was changed"],
                next=f"make room on the disk of its volume, then: {next_step.AGAIN}",
            )

    def stage(self, tell: Callable[[int], None]) -> None:
        """Restore the databases beside those that serve, and count their rows.

        Raises:
            DataError: A row is missing.
            ProgramError: PostgreSQL refuses something.
        """
        with self.server.session():
            tablespaces = self.server.has_tablespaces()
            self.stage_roles()
            for broken in {*self.server.ask(queries.BROKEN)} & {*self.names.values()}:
                self.server.drop(broken)  # nothing is in it any more, and it has the name
            for item in self.part.items:
                self._create(item, self.new(item))
        for item in self.part.items:
            self._fill(item, self.new(item), tell, tablespaces=tablespaces)

    def stage_roles(self) -> None:
        """Make the roles that are missing: databases belong to them."""
        if self.part.roles:
            with self.reader.member(self.part.roles) as roles:
                self.server.make_roles(roles.read().decode())

    def losses(self) -> Iterator[Loss]:
        """What would be lost: the databases that are there."""
        for item in self.part.items:
            if there := self.there.get(self.names[item.name]):
                rows, newest = self.server.rows(there.name), self.server.newest(there.name)
                yield Loss(self.part.service, there.name, there.size, newest, rows, item.rows)

    def beside(self, name: str, tell: Callable[[int], None]) -> list[str]:
        """Restore into databases of other names: `name`, or `name_DATABASE` for one that is not the service's own."""
        names = names_beside(self.part, name, self.there)
        try:
            self.stage(tell)
            self.server.swap({names[item.name]: (self.new(item), "") for item in self.part.items})
        except BaseException:
            with contextlib.suppress(ProgramError):
                self.discard()
            raise
        return list(names.values())

    def _create(self, item: Item, name: str) -> None:
        """Make one empty database under a name, as it was where the backup was made.

        Encoding and locale are those of the one whose place it takes: another machine may not know the other's.
        """
        here = self.names[item.name]
        usual = self.server.description(
            here if here in self.there else next((each.name for each in self.there.values() if each.main), "")
        )
        told = self._description(item)
        if not told:  # an older backup does not tell
            self.server.create(name, usual)
        elif here in self.there:
            self.server.create(name, {**told, **{key: usual.get(key) for key in queries.LOCALE}})
        else:
            self.server.create(name, told, usual)

    def _description(self, item: Item) -> dict[str, Any]:
        """What the backup tells of a database itself."""
        if not item.definitions:
            return {}
        with self.reader.member(item.definitions) as told:
            return dict(json.loads(told.read()))

    def _fill(self, item: Item, name: str, tell: Callable[[int], None], *, tablespaces: bool) -> None:
        """Restore one database under that name, and count its rows."""
        with self.reader.member(item.member) as dump:
            self.server.restore(name, pipes.Told(dump, tell), tablespaces=tablespaces)
        compare_rows(item, self.server.rows(name))

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

    def undo(self) -> None:
        """Swap them back. What served meanwhile is named as a replaced one: no task removes that without a backup."""
        names = {own: aside(own, f"__old_{after(self.stamp)}") for own in self.replaced()}
        self.server.swap({own: (old, names[own]) for own, old in self.replaced().items()})
        self.taken_back = names

    def written_since(self, before: Part) -> bool:
        """Whether anybody has changed a replaced database since `there` was looked at."""
        del before  # what changed in a database is counted by PostgreSQL
        now = {each.name: each.changes for each in self.server.every_database()}
        pairs = [(self.there[name].changes, now.get(old)) for name, old in self.replaced().items()]
        return any(before is None or before != after for before, after in pairs)

    def discard(self) -> None:
        """Remove what was restored."""
        for each in (*map(self.new, self.part.items), *self.taken_back.values()):
            self.server.drop(each)

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


def names_here(part: Part, there: Iterable[Database]) -> dict[str, str]:
    """The name that each database of a backup has here: the service's own may have another one where it was made.

    It keeps its own where another database of the backup has that name: two cannot be restored as one.
    """
    main = next((each.name for each in there if each.main), "")
    if main in {each.name for each in part.items if not each.main}:
        main = ""
    return {each.name: main if each.main and main else each.name for each in part.items}


def names_beside(part: Part, name: str, there: Container[str]) -> dict[str, str]:
    """The name that each database of a backup gets beside: `name`, or `name_DATABASE` for one that is not the main one.

    Raises:
        UsageError: There is one of that name.
    """
    items = part.items
    names = {each.name: name if each.main or len(items) == 1 else f"{name}_{each.name}" for each in items}
    if taken := [each for each in names.values() if each in there]:
        raise UsageError(
            f"there is a database {taken[0]} already; nothing was restored",
            next=next_step.again("--into", f"{name}_2"),
        )
    return names


def compare_rows(item: Item, found: Mapping[str, int]) -> None:
    """Make sure that tables have the rows that a backup tells of.

    Raises:
        DataError: A row is missing, or one is too many.
    """
    if found != dict(item.rows):
        wrong = sorted(table for table in {*found, *item.rows} if found.get(table) != item.rows.get(table))
        raise DataError(
            f"{item.name} did not come back whole: {', '.join(wrong[:5])}",
            details=[f"{table}: {found.get(table)} rows, not {item.rows.get(table)}" for table in wrong[:20]],
            next="invoke backup --list",
        )


def after(stamp: str) -> str:
    """The stamp of one second later: of what a restore has to name apart from what it replaced."""
    return f"{datetime.strptime(stamp, STAMP) + timedelta(seconds=1):{STAMP}}"


def aside(name: str, suffix: str) -> str:
    """A name with a suffix, as long as PostgreSQL allows; of two that have to be cut, there are two."""
    if len(name.encode()) + len(suffix) <= _LONGEST:
        return name + suffix
    ending = f"~{hashlib.sha256(name.encode()).hexdigest()[:6]}{suffix}"
    return name.encode()[: _LONGEST - len(ending)].decode(errors="ignore") + ending


def major(version: str) -> int:
    """The major version of PostgreSQL: 17 of `17.2`."""
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0
