"""Put databases of a backup in the place of those of a MySQL or MariaDB; see `upready.data.restore.Change`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from upready.data import mysql_accounts, mysql_backup, volume
from upready.data.archive import Reader
from upready.data.change import Loss
from upready.data.manifest import Item, Part
from upready.data.mysql import Definitions, Server
from upready.data.mysql_exchange import Move, exchange
from upready.data.mysql_rows import Counter
from upready.data.postgres import Database
from upready.data.restore import after, aside, compare_rows, names_beside, names_here
from upready.support import next_step, pipes, units
from upready.support.errors import DataError
from upready.support.pipes import ProgramError


@dataclass
class Databases:
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
    taken_back: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.there = {each.name: each for each in self.server.databases()}
        self.names = names_here(self.part, self.there.values())

    def check(self) -> None:
        """Make sure that this server can take what the backup holds, and that each dump holds its rows.

        Raises:
            DataError: It is of another maker or older, has no room, or a dump is not whole.
        """
        ours, theirs = self.server.version(), self.part.version
        if ours.split()[0] != theirs.split()[0] or _series(theirs) > _series(ours):
            raise DataError(
                f"the backup of {self.part.service} is of {theirs}, and this is {ours}",
                details=["it is restored by the same server or a newer one; nothing was changed"],
                next=f"take an image of {theirs} or newer for {self.part.service}, "
                f"then: invoke restore {self.reader.path.name}",
            )
        self._check_room()
        for item in self.part.items:
            counter = Counter()
            for piece in self._text(item):
                counter.feed(piece)
            compare_rows(item, {**dict.fromkeys(item.rows, 0), **counter.rows})

    def losses(self) -> Iterator[Loss]:
        """What would be lost: the databases that are there."""
        for item in self.part.items:
            if there := self.there.get(self.names[item.name]):
                rows, newest = self.server.rows(there.name), self.server.newest(there.name)
                yield Loss(self.part.service, there.name, there.size, newest, rows, item.rows)

    def beside(self, name: str, tell: Callable[[int], None]) -> list[str]:
        """Restore into databases of other names: `name`, or `name_DATABASE` for one that is not the service's own.

        Their events are not made: they would run.
        """
        names = names_beside(self.part, name, self.there)
        self._stage_accounts()
        made: list[str] = []
        try:
            for item in self.part.items:
                made.append(names[item.name])
                self._put(item, made[-1], tell)
        except BaseException:
            for each in made:
                with contextlib.suppress(ProgramError):
                    self.server.drop(each)
            raise
        return made

    def stage(self, tell: Callable[[int], None]) -> None:
        """Restore the databases beside those that serve, and count their rows.

        Raises:
            DataError: A row is missing.
            ProgramError: The server refuses something.
        """
        self._stage_accounts()
        for item in self.part.items:
            self._put(item, self._new(item), tell)

    def swap(self) -> None:
        """Let the restored databases take the place of the others."""
        exchange(
            self.server,
            [
                Move(
                    self.names[item.name],
                    self._new(item),
                    self._old(item) if self.names[item.name] in self.there else "",
                    self._definitions(item),
                    self._served(item),
                )
                for item in self.part.items
            ],
            [*mysql_accounts.on_parts(self._accounts(), self.names)],
        )

    def replaced(self) -> dict[str, str]:
        """The databases that were replaced, and those in which their tables are since."""
        return {
            self.names[item.name]: self._old(item) for item in self.part.items if self.names[item.name] in self.there
        }

    def undo(self) -> None:
        """Swap them back. What served meanwhile is named as a replaced one: no task removes that without a backup."""
        names = {own: aside(own, f"__old_{after(self.stamp)}") for own in self.replaced()}
        exchange(
            self.server,
            [
                Move(
                    self.names[item.name],
                    self._old(item),
                    names[self.names[item.name]],
                    self._kept(self._old(item)),
                    self._definitions(item),
                )
                for item in self.part.items
                if self.names[item.name] in self.there
            ],
        )
        self.taken_back = names

    def written_since(self, before: Part) -> bool:
        """Whether a replaced database is not as in its backup."""
        known = {each.name: each.digest for each in before.items}
        return any(mysql_backup.digest(self.server, old) != known.get(name) for name, old in self.replaced().items())

    def discard(self) -> None:
        """Remove what was restored."""
        self.server.drop(*map(self._new, self.part.items), *self.taken_back.values())

    def finish(self) -> None:
        """Remove what was replaced."""
        self.server.drop(*self.replaced().values())

    def _stage_accounts(self) -> None:
        """Remove what a killed restore left, and make the users that are missing."""
        self.server.tidy()
        mysql_accounts.make(self.server, self._accounts(), self.names)

    def _accounts(self) -> str:
        """The users of the backup, and what they may."""
        if not self.part.roles:
            return ""
        with self.reader.member(self.part.roles) as accounts:
            return accounts.read().decode()

    def _put(self, item: Item, name: str, tell: Callable[[int], None]) -> None:
        """Restore one database under a name, and count its rows."""
        self.server.create(name)
        self.server.restore(name, self._text(item, tell))
        compare_rows(item, self.server.rows(name))
        self.server.lines(self._definitions(item).now, name)

    def _text(self, item: Item, tell: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
        with self.reader.member(item.member) as dump:
            yield from volume.plain(pipes.Told(dump, tell))

    def _definitions(self, item: Item) -> Definitions:
        with self.reader.member(item.definitions) as text:
            return Definitions.parted(text.read().decode("utf-8", "surrogateescape"))

    def _served(self, item: Item) -> Definitions:
        name = self.names[item.name]
        return self._kept(name) if name in self.there else Definitions("", "")

    def _kept(self, name: str) -> Definitions:
        return self.server.definitions(name, self.server.parts(name))

    def _check_room(self) -> None:
        """Make sure that the databases fit on the disk beside those that serve."""
        size = sum(each.size for each in self.part.items)
        needed, free = size + size // 4, self.server.free()
        if free < needed:
            raise DataError(
                f"there is no room beside the data of {self.part.service}: "
                f"{units.size(needed)} are needed, and {units.size(free)} are free",
                details=["nothing was changed"],
                next=f"make room on the disk of its volume, then: {next_step.AGAIN}",
            )

    def _new(self, item: Item) -> str:
        return aside(self.names[item.name], f"__new_{self.stamp}")

    def _old(self, item: Item) -> str:
        return aside(self.names[item.name], f"__old_{self.stamp}")


def _series(version: str) -> tuple[int, ...]:
    """What of a version decides who can read whose dumps: (10, 11) of `MariaDB 10.11.6`."""
    return tuple(int(each) for each in re.findall(r"\d+", version)[:2])
