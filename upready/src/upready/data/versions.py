"""Of which major version of PostgreSQL the data of a service are, and which one its image runs: told before a start."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from upready.data import image_family, kinds, volume
from upready.releases import carrier
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Runtime
from upready.runtime.native import executables, paths, postgres, spec
from upready.stack import setting_place
from upready.stack.model import Model, Service
from upready.stack.settings import NATIVE
from upready.support import next_step
from upready.support.errors import EngineError, StartError

FILE = "PG_VERSION"
"""In a data folder: the major version that made it."""

MARK = ".upgraded"
"""In a volume for as long as an upgrade changes names there."""

USUAL = "/var/lib/postgresql/data"
"""Where images keep the data that do not say so."""


@dataclass(frozen=True)
class Place:
    """Where a service of PostgreSQL keeps its data.

    Attributes:
        service: The service.
        volume: The named volume; empty for a folder of this machine.
        mount: Where it is in the container.
        folder: The data folder in the container (PGDATA).
    """

    service: Service
    volume: str
    mount: str
    folder: str

    @property
    def inside(self) -> str:
        """The data folder, relative to the volume: empty where it is the volume itself."""
        inside = PurePosixPath(self.folder).relative_to(self.mount).as_posix()
        return "" if inside == "." else inside


@dataclass(frozen=True)
class Mismatch:
    """Data of another major version.

    Attributes:
        service: The service.
        place: Where the data are, in words.
        old: The version that made them.
        new: The version that is to use them.
        image: The image that has that version; empty for this machine's own programs.
    """

    service: str
    place: str
    old: int
    new: int
    image: str = ""

    def __str__(self) -> str:
        """What is wrong, in a sentence."""
        by = f"the image {self.image}" if self.image else "this machine's"
        return (
            f"{self.service} cannot use its data: {self.place} is of PostgreSQL {self.old}, and {by} is of {self.new}"
        )

    def error(self, merged: Model) -> StartError:
        """It as an error."""
        image = older(merged.every[self.service].image, self.new, self.old)
        back = ""
        if image and self.image:
            stack = merged.stack
            change = setting_place.change(stack, self.service, ("image",), image)
            back = next_step.then(change, f"invoke {stack.environment}")
        able = self.image or self.old in executables.POSTGRES_FOLDERS
        upgrade = f"invoke upgrade {self.service}" if able and self.old < self.new else ""
        return StartError(
            str(self),
            details=["nothing was started or stopped; the data are as they were"],
            next=next_step.either(upgrade, back, _AFRESH),
        )


_AFRESH = "to go on without any data of the project: invoke stop --volumes"


def check(connected: Runtime, merged: Model, services: Iterable[Service]) -> None:
    """Make sure that no service would find data of another major version.

    Args:
        connected: Where they are to run.
        merged: The model that they are part of.
        services: Those that are to be started.

    Raises:
        StartError: One would.
        EngineError: The engine does not answer.
    """
    for found in find(connected, merged, services):
        raise found.error(merged)


def find(connected: Runtime, merged: Model, services: Iterable[Service]) -> Iterator[Mismatch]:
    """Those of some services that would find data of another major version, as far as that shows without a start."""
    for service in services:
        if connected.name == NATIVE:
            yield from _native(merged, service)
        elif isinstance(connected, Containers):
            yield from _on_engine(connected, merged, service)


def _on_engine(engine: Containers, merged: Model, service: Service) -> Iterator[Mismatch]:
    image = engine.image(service.image)
    new = of_image(image, service.image) if is_postgres(service, image) else 0
    place = where(merged, service, image) if new else None
    if place is None or not place.volume:
        return
    held = of_volume(engine, merged.stack.project, place, new)
    if held is None and is_cut_off(engine, merged.stack.project, place):
        raise StartError(
            f"an upgrade of {service.name} was cut off while it put the new data in their place",
            details=["nothing is lost: the same command goes on where it was"],
            next=f"invoke upgrade {service.name}",
        )
    if held and held.version != new:
        yield Mismatch(service.name, f"the volume {place.volume}", held.version, new, service.image)


def _native(merged: Model, service: Service) -> Iterator[Mismatch]:
    if not spec.runs_here(service) or postgres.MODULE not in spec.plan(merged.stack, service, ()).command:
        return
    data = paths.of(merged.stack.root, service.name) / paths.DATA
    if data.with_name(paths.READY).exists():
        return  # an upgrade was cut off: the start goes on with it
    with contextlib.suppress(OSError, ValueError, EngineError):
        old, new = int((data / FILE).read_text("utf-8")), executables.POSTGRES_VERSION
        if old != new:
            yield Mismatch(service.name, f"the folder {data}", old, new)


def is_postgres(service: Service, image: Mapping[str, Any] | None) -> bool:
    """Whether a service is PostgreSQL, by its `x-ops.data`, the name of its image, or what that sets."""
    said = service.ops.get("data")
    variables = _variables(image).keys() | (service.config.get("environment") or {}).keys()
    return (
        kinds.POSTGRES in (said, said.get("kind") if isinstance(said, Mapping) else "")
        or image_family.by_name(service.image) == (kinds.POSTGRES, True)
        or bool(variables & {"PGDATA", "PG_MAJOR"})
    )


def of_image(image: Mapping[str, Any] | None, name: str) -> int:
    """The major version of PostgreSQL that an image has; 0 where that does not show.

    Args:
        image: The engine's description; None where it is not there.
        name: Its name.
    """
    variables = _variables(image)
    for key in ("PG_MAJOR", "PG_VERSION", "PGVERSION", "APP_VERSION"):
        if match := re.match(r"\d+", variables.get(key, "")):
            return int(match[0])
    if match := re.search(r"/postgresql/(\d+)/bin", variables.get("PATH", "")):
        return int(match[1])
    tag = _tag(name)
    match = re.search(r"pg(\d+)", tag) or re.match(r"v?(\d+)(?=[.-]|$)", tag)
    return int(match[1]) if match else 0


def older(name: str, new: int, old: int) -> str:
    """The name of an image with another major version in its tag: `postgres:16-alpine`; empty where it has none."""
    tag = _tag(name)
    changed = re.sub(rf"(^v?|pg){new}(?:[.]\d+)*", rf"\g<1>{old}", tag, count=1)
    return name[: len(name) - len(tag)] + changed if changed != tag else ""


def where(merged: Model, service: Service, image: Mapping[str, Any] | None) -> Place | None:
    """Where a service keeps its data: the mount that holds its data folder; None where it has none."""
    own = service.config.get("environment") or {}
    folder = str(own.get("PGDATA") or _variables(image).get("PGDATA") or USUAL)
    mounts = [each for each in service.config.get("volumes") or [] if each.get("type") in ("volume", "bind")]
    held = [each for each in mounts if PurePosixPath(folder).is_relative_to(str(each.get("target")))]
    if not held:
        return None
    mount = max(held, key=lambda each: len(str(each["target"])))
    named = (merged.raw.get("volumes") or {}).get(mount.get("source")) or {}
    name = str(named.get("name") or "") if mount["type"] == "volume" else ""
    return Place(service, name, str(mount["target"]), folder)


def is_cut_off(engine: Containers, project: str, place: Place) -> bool:
    """Whether an upgrade has not put all new data in their place."""
    if engine.volume(place.volume) is None:
        return False
    with volume.opened(engine, project, place.volume) as container:
        return bool(carrier.read(engine, container, f"{volume.FOLDER}/{MARK}"))


@dataclass(frozen=True)
class Held:
    """Data in a volume: their major version, and their folder, relative to the volume."""

    version: int
    inside: str


def of_volume(engine: Containers, project: str, place: Place, new: int) -> Held | None:
    """What data are in a volume, as their own file says; None where there are none yet.

    Args:
        engine: Where it is.
        project: Compose's project name.
        place: Where a service would look for its data.
        new: The major version that would look.
    """
    if engine.volume(place.volume) is None:
        return None
    folders = [place.inside]
    if place.inside == f"{new}/docker":
        # The image of PostgreSQL 18 and later: a folder for each version. Those before filled the whole volume.
        folders += [*(f"{number}/docker" for number in range(new - 1, 17, -1)), "", "data"]
    for each in engine.containers(project):
        mounted = (mount for mount in each.raw.get("Mounts") or [] if mount.get("Name") == place.volume)
        if mount := next(mounted, None):
            return _held(folders, _reader(engine, each.id, str(mount["Destination"])))
    with volume.opened(engine, project, place.volume) as container:
        return _held(folders, lambda path: carrier.read(engine, container, f"{volume.FOLDER}/{path}").get(FILE))


def _reader(engine: Containers, container: str, root: str) -> Callable[[str], bytes | None]:
    return lambda path: engine.read(container, f"{root}/{path}", 16)


def _held(folders: Sequence[str], read: Callable[[str], bytes | None]) -> Held | None:
    for folder in folders:
        said = (read(f"{folder}/{FILE}".lstrip("/")) or b"").decode("ascii", "replace")
        if match := re.match(r"\d+", said):
            return Held(int(match[0]), folder)
    return None


def _variables(image: Mapping[str, Any] | None) -> dict[str, str]:
    entries = ((image or {}).get("Config") or {}).get("Env") or ()
    return {name: value for name, _, value in (str(each).partition("=") for each in entries)}


def _tag(name: str) -> str:
    """The tag of an image's name, without a digest; empty for none."""
    last = name.partition("@")[0].rpartition("/")[2]
    return last.partition(":")[2]
