"""What `invoke upgrade` has before it: a service of PostgreSQL, its data, and the images of both versions."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from upready.data import versions
from upready.data.postgres_upgrade import Folders, Run
from upready.data.versions import Mismatch
from upready.operations.launch import Launch
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Container
from upready.stack import compose, model
from upready.stack import selection as stacks
from upready.stack.model import Model, Service
from upready.stack.settings import Settings
from upready.support import next_step, state
from upready.support.errors import StartError, UsageError
from upready.support.pipes import Call

FILE = "upready-upgrade.yaml"
"""The compose file that gives a service its old image, in the project's state folder."""


@dataclass(frozen=True)
class Options:
    """What a user asked of `invoke upgrade`.

    Attributes:
        service: The service; empty for the only one that is PostgreSQL.
        forget: Whether the old data of an earlier upgrade are removed instead.
        image: The image of the old version, where its name does not tell.
    """

    service: str = ""
    forget: bool = False
    image: str = ""


SPARE = 1.5
"""So many times the size of the data must be free: the new ones, and what PostgreSQL writes beside them."""


@dataclass(frozen=True)
class Upgraded:
    """How it ended.

    Attributes:
        service: The service.
        old: The version before; 0 where nothing was to be done.
        new: The version now.
        volume: Where the data are.
        rows: The rows of each table, by database.
        kept: The folders of the volume that hold old data, or held them.
        launch: How the start of the new version ended; None where nothing ran before.
        seconds: How long nobody could write.
    """

    service: str
    old: int
    new: int
    volume: str
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    launch: Launch | None = None
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "service": self.service,
            "from": self.old or None,
            "to": self.new,
            "volume": self.volume,
            "rows": self.rows,
            "kept": list(self.kept),
            "seconds": round(self.seconds, 1),
            **({"launch": self.launch.as_dict()} if self.launch else {}),
        }


@dataclass(frozen=True)
class Found:
    """A service of PostgreSQL and its data."""

    engine: Containers
    merged: Model
    service: Service
    place: versions.Place
    held: versions.Held | None
    new: int
    container: Container | None


@dataclass(frozen=True)
class Work:
    """What is to be upgraded, and where."""

    engine: Containers
    merged: Model
    service: Service
    folders: Folders
    volume: str
    old: int
    container: Container | None

    @property
    def place(self) -> versions.Place:
        """Where the new version looks for its data."""
        folders = self.folders
        return versions.Place(self.service, self.volume, folders.volume, folders.path(folders.target))

    @property
    def running(self) -> bool:
        """Whether the old version serves."""
        return self.container is not None and self.container.state == "running"

    def run(self, image: str = "") -> Run:
        """How scripts are run in a container of the service; `image` instead of the one that the files name."""
        stack = self.merged.stack
        files = stack.files
        if image:
            path = state.make(stack.root) / FILE
            state.write(path, {"services": {self.service.name: {"image": image}}})
            files = (*files, path)
        line = compose.command(
            dataclasses.replace(stack, files=files), "run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull"
        )
        user = str(self.service.config.get("user") or "postgres")

        def call(script: str, words: Sequence[str]) -> Call:
            command = [*line, "--user", user, "--entrypoint", "sh", self.service.name, "-c", script, "sh", *words]
            return Call(command, stack.root, {**os.environ, **stack.variables}, self.engine.heartbeat.watching)

        return call


def find(settings: Settings, environment: str, connected: Containers, options: Options) -> Found:
    """The service that is meant, and its data.

    Raises:
        UsageError: None is PostgreSQL with a named volume, or several are, or nobody knows the image's version.
    """
    merged = model.load_all(stacks.select(settings, environment))
    found = []
    for service in merged.services.values():
        image = connected.image(service.image)
        place = versions.where(merged, service, image) if versions.is_postgres(service, image) else None
        if place is not None and place.volume and options.service in ("", service.name):
            found.append((service, image, place))
    if options.service:
        merged.service(options.service)
    if len(found) != 1:
        names = ", ".join(each[0].name for each in found)
        raise UsageError(
            f"several services are PostgreSQL: {names}" if found else "no service is PostgreSQL with a named volume",
            next=f"invoke upgrade {found[0][0].name}" if found else "invoke config",
        )
    service, image, place = found[0]
    new = versions.of_image(image, service.image)
    if not new:
        raise UsageError(
            f"nothing tells which version of PostgreSQL the image {service.image} has",
            next=f"docker pull {service.image}",
        )
    held = versions.of_volume(connected, merged.stack.project, place, new)
    containers = [each for each in connected.containers(merged.stack.project) if each.service == service.name]
    container = next(iter(sorted(containers, key=lambda each: each.state != "running")), None)
    return Found(connected, merged, service, place, held, new, container)


def prepared(found: Found) -> Work | None:
    """What is to be done; None where the data are of the image's version already."""
    name, place, held = found.service.name, found.place, found.held
    if kind := _in_memory(found):
        raise UsageError(
            f"the volume {place.volume} is in memory ({kind}), and empty once {name} stops: it cannot be upgraded",
            details=["the new version starts empty, and takes a backup of the old one: invoke restore latest"],
            next=f"while the old version runs: invoke backup --service {name}",
        )
    if held is None:
        stack = found.merged.stack
        raise UsageError(f"the volume {place.volume} holds no data of {name} yet", next=f"invoke {stack.environment}")
    folders = Folders(place.mount, held.inside, place.inside, found.new)
    if held.version == found.new:
        return None
    if held.version > found.new:
        wrong = Mismatch(name, f"the volume {place.volume}", held.version, found.new, found.service.image)
        error = wrong.error(found.merged)
        raise UsageError(
            f"{name} cannot be downgraded: the volume {place.volume} is of PostgreSQL {held.version}, and the image "
            f"{found.service.image} is of {found.new}",
            details=error.details,
            next=error.next,
        )
    return Work(found.engine, found.merged, found.service, folders, place.volume, held.version, found.container)


def _in_memory(found: Found) -> str:
    """The kind of file system where a volume is lost when the last container that uses it ends; else empty."""
    options = (found.engine.volume(found.place.volume) or {}).get("Options") or {}
    kind = str(options.get("type") or "")
    return kind if kind in ("tmpfs", "ramfs") else ""


def old_image(work: Work, options: Options) -> str:
    """An image of the old version, which is there or is fetched; empty where the old version runs.

    Raises:
        StartError: None can be had.
    """
    if work.running:
        return ""
    named = options.image or versions.older(work.service.image, work.folders.version, work.old)
    of_container = work.container.image_id if work.container else ""
    for image in filter(None, (options.image, of_container, named)):
        if versions.of_image(work.engine.image(image), "") == work.old:
            return image
    if named and work.engine.image(named) is not None:
        return named
    if named and _pulled(work, named):
        return named
    raise StartError(
        f"the image of PostgreSQL {work.old}, cannot be had: {named or 'nobody knows its name'}",
        details=["the data are as they were"],
        next=next_step.either(
            next_step.then(f"docker pull {named}", next_step.AGAIN) if named else "",
            f"with another image of that version: {next_step.again('--image', 'postgres:16')}",
        ),
    )


def _pulled(work: Work, image: str) -> bool:
    from docker.errors import APIError

    repository, _, tag = image.rpartition(":")
    with answering():
        try:
            work.engine.client.api.pull(repository, tag)
        except APIError:
            return False
    return True


def unfinished(found: Found) -> tuple[Run, Folders]:
    """What goes on with an upgrade whose last step was cut off."""
    folders = Folders(found.place.mount, found.place.inside, found.place.inside, found.new)
    work = Work(found.engine, found.merged, found.service, folders, found.place.volume, 0, None)
    return work.run(), folders
