"""Exchange the files of a volume for those of a backup: put beside them, read back, then renamed at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from upready.data import guard, kinds, sqlite, volume
from upready.data.archive import Reader
from upready.data.change import Loss
from upready.data.manifest import Item, Part
from upready.data.sources import Source
from upready.releases import carrier
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import PROJECT, answering
from upready.support import next_step, pipes, units
from upready.support.errors import DataError, OpsError, UsageError

HIDDEN = ".upready-restore"
"""The folder in a volume in which a restore works; `new/volume` is the backup, `was/volume` what was replaced."""

PLACE = f"{volume.FOLDER}/{HIDDEN}"
NEW = f"{PLACE}/new/volume"
WAS = f"{PLACE}/was/volume"
DONE = f"{PLACE}/done"
"""The folder; the backup; what was replaced; and what is there once all is exchanged, until that is removed."""

_MOVE = """
move() {
  for each in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$each" ] || [ -L "$each" ] || continue
    [ "$each" = "./$here" ] || mv "$each" "$2" || return 1
  done
}
back() {
  [ ! -d "$here/half" ] || move . "$here/new/volume" || return 1
  move "$here/was/volume" . && rmdir "$here/half" 2>/dev/null
  return 0
}
here=.upready-restore
cd /volume || exit 1
"""

_SWAP = f"""{_MOVE}
mkdir -p "$here/was/volume" || exit 1
if move . "$here/was/volume" && mkdir "$here/half" && move "$here/new/volume" .; then
  chown "$(stat -c %u:%g "$here/new/volume")" . && chmod "$(stat -c %a "$here/new/volume")" .
  mv "$here/half" "$here/done" && exit 0
fi
back
exit 1
"""
"""Everything is renamed within one file system; what fails half way is taken back."""

_BACK = f"""{_MOVE}
[ ! -d "$here/done" ] || mv "$here/done" "$here/half"
back
"""

_TAKE_BACK = f"""{_BACK}
[ $? = 0 ] && rmdir "$here/was/volume" "$here/was" && mv "$here/new" "$here/was" && mkdir "$here/done"
"""
"""What served meanwhile is then where a replaced volume would be: no task removes that without a backup."""

_REMOVE = f"""{_MOVE}
[ ! -d "$here/was" ] || [ -d "$here/done" ] || back || exit 1
rm -rf "$here"
"""
"""Also after a restore that was cut off in the middle of a swap: then what was there is put back first."""


_FREE = "df -Pk /volume | tail -n 1 | { read -r line; set -- $line; shift $(($# - 3)); echo $1; }"
"""The kilobytes that are free: the last but two of the words, of which the first may be several."""


@dataclass
class Volumes:
    """The volumes of one service that are about to be replaced; see `upready.data.restore.Change`.

    Attributes:
        engine: Where they are.
        project: Compose's project name.
        source: The service.
        part: What the backup holds of it.
        reader: The backup.
    """

    engine: Containers
    project: str
    source: Source
    part: Part
    reader: Reader
    taken_back: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        theirs, ours = f"{self.reader.manifest.project}_", f"{self.project}_"
        there = {each.removeprefix(ours): each for each in self.source.volumes}
        short = {each.name: each.name.removeprefix(theirs) for each in self.part.items}
        self.names = {name: there[key] for name, key in short.items() if key in there}

    @property
    def items(self) -> list[Item]:
        """Those of the backup that have a volume here."""
        return [each for each in self.part.items if each.name in self.names]

    def check(self) -> None:
        """Read each archive to its end."""
        if not self.items:
            theirs = ", ".join(each.name for each in self.part.items)
            raise UsageError(
                f"{self.part.service} has none of the backup's volumes: {theirs}",
                details=[f"here: {', '.join(self.source.volumes)}"],
                next="invoke backup --list",
            )
        for item in self.items:
            with self.reader.member(item.member) as archive, self._copies() as databases:
                self._compare(item, volume.packed_content(archive, databases.file))
                databases.compare(item)

    def losses(self) -> Iterator[Loss]:
        """What would be lost: the files that are there."""
        for item in self.items:
            name = self.names[item.name]
            with self._copies() as databases:
                found = volume.content(self.engine, self.project, name, keep=databases.file)
                try:
                    held = databases.content()
                except DataError:  # it was written to meanwhile
                    held = sqlite.Content()
            files = (found.files, item.files)
            yield Loss(self.part.service, name, found.size, held.newest, held.rows, item.rows, files)

    def _copies(self) -> contextlib.AbstractContextManager[sqlite.Copies]:
        return sqlite.copies(self.part.kind == kinds.SQLITE)

    def beside(self, name: str, tell: Callable[[int], None]) -> list[str]:
        """Restore into new volumes: `name`, or `name_VOLUME` where there are several."""
        items = self.items
        names = {each.name: name if len(items) == 1 else f"{name}_{each.name}" for each in items}
        if taken := [each for each in names.values() if self.engine.volume(each) is not None]:
            raise UsageError(
                f"there is a volume {taken[0]} already; nothing was restored",
                next=next_step.again("--into", f"{name}_2"),
            )
        for item in items:
            made = names[item.name]
            with answering():
                self.engine.client.api.create_volume(made, labels={PROJECT: self.project})
            try:
                self._put(item, made, "/", volume.FOLDER, tell)
            except BaseException:
                with contextlib.suppress(OpsError), answering():
                    self.engine.client.api.remove_volume(made)
                raise
        return list(names.values())

    def stage(self, tell: Callable[[int], None]) -> None:
        """Put the backup's files beside those that serve, and read them back."""
        for item in self.items:
            name = self.names[item.name]
            clear(self.engine, self.project, self.source, name)
            self._check_room(item, name)
            self._run(name, f"mkdir -p /volume/{HIDDEN}/new")
            place = f"{volume.FOLDER}/{HIDDEN}/new"
            self._put(item, name, place, f"{place}/volume", tell)

    def _check_room(self, item: Item, name: str) -> None:
        """Make sure that the files fit beside those that serve.

        Raises:
            DataError: They do not.
        """
        needed = item.size + item.size // 20
        free = room(self.engine, self.project, self.source.container.image_id, name)
        if free < needed:
            raise DataError(
                f"there is no room beside the files of {name}: {units.size(needed)} are needed, "
                f"and {units.size(free)} are free",
                details=["nothing was changed"],
                next=f"make room on the disk of that volume, then: {next_step.AGAIN}",
            )

    def swap(self) -> None:
        """Stop the containers that use the volumes, exchange the files, and start the containers again."""
        done: list[str] = []
        exchanged = False
        try:
            with guard.still(self.engine, self.source.users, "stopped"):
                try:
                    for name in self.names.values():
                        self._run(name, _SWAP)
                        done.append(name)
                except BaseException:  # Ctrl-C as well: one of them must not serve the backup alone
                    for name in done:
                        self._run(name, _BACK)
                    raise
                exchanged = True
        except BaseException:  # Ctrl-C as well
            if exchanged:  # and one of the containers does not start again
                self.undo()
            raise

    def undo(self) -> None:
        """Exchange them back."""
        with guard.still(self.engine, self.source.users, "stopped"):
            for name in self.names.values():
                self._run(name, _TAKE_BACK)
            self.taken_back = self.replaced()

    def discard(self) -> None:
        """Remove what was restored; not where it serves: then the next task puts what it replaced into a backup."""
        for name in self.names.values():
            if self.taken_back or not volume.holds(self.engine, self.project, name, DONE):
                clear(self.engine, self.project, self.source, name)

    def replaced(self) -> dict[str, str]:
        """The folder of each volume in which its files are since."""
        return dict.fromkeys(self.names.values(), WAS)

    def written_since(self, before: Part) -> bool:
        """Whether the replaced files are not those of the backup of what was there."""
        known = {each.name: each.digest for each in before.items}
        return any(
            volume.content(self.engine, self.project, name, place).digest != known.get(name)
            for name, place in self.replaced().items()
        )

    def finish(self) -> None:
        """Remove what was replaced."""
        for name in self.names.values():
            clear(self.engine, self.project, self.source, name)

    def _run(self, name: str, script: str) -> None:
        run(self.engine, self.project, self.source.container.image_id, name, script)

    def _put(self, item: Item, name: str, place: str, made: str, tell: Callable[[int], None]) -> None:
        with self.reader.member(item.member) as archive:
            volume.unpack(self.engine, self.project, name, place, pipes.Told(archive, tell))
        self._compare(item, volume.content(self.engine, self.project, name, made))

    def _compare(self, item: Item, found: volume.Survey) -> None:
        if found.digest != item.digest:
            raise DataError(
                f"{item.name} did not come back whole: {found.files} files, {found.size} bytes",
                details=[f"in the backup: {item.files} files, {item.size} bytes"],
                next="invoke backup --list",
            )


def clear(engine: Containers, project: str, source: Source, name: str) -> None:
    """Remove what a restore has left in a volume; where it was ended in the middle, all is put back first."""
    run(engine, project, source.container.image_id, name, _REMOVE)


def room(engine: Containers, project: str, image: str, name: str) -> int:
    """Bytes that are free on the disk of a volume; the arguments and the errors are those of `run`."""
    return int(run(engine, project, image, name, _FREE)[-1]) * 1024


class NoShellError(DataError):
    """An image has no shell."""


def run(engine: Containers, project: str, image: str, name: str, script: str) -> list[str]:
    """Run a script beside a volume, as root, in a container of an image; the lines that it says.

    Raises:
        NoShellError: The image has no shell.
        DataError: It failed.
    """
    from docker.errors import APIError
    from docker.types import Mount

    api: Any = engine.client.api
    with answering():
        host = api.create_host_config(
            mounts=[Mount(volume.FOLDER, name, type="volume", no_copy=True)], network_mode="none"
        )
        made = api.create_container(
            image,
            entrypoint=["sh", "-c", script],
            command=[],
            user="0:0",
            host_config=host,
            labels={guard.LABEL: project},
        )["Id"]
    try:
        with answering():
            try:
                api.start(made)
            except APIError as error:
                raise NoShellError(
                    f"the image of what uses the volume {name} has no shell, which moves its files",
                    details=[str(error.explanation), "nothing was changed"],
                    next=next_step.again("--into", f"{name}_restored"),
                ) from error
            code = api.wait(made)["StatusCode"]
            said: list[str] = api.logs(made).decode("utf-8", "replace").splitlines()
    finally:
        carrier.remove(engine, made)
    if code:
        raise DataError(
            f"the files of the volume {name} could not be exchanged", details=said[-10:], next="invoke doctor"
        )
    return said
