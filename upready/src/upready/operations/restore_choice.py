"""Which parts of a backup are restored, and what of the stack each of them replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from upready.data import kinds, sources
from upready.data.archive import Reader
from upready.data.manifest import Part
from upready.data.sources import Data, Source
from upready.support.errors import UsageError


def choose(data: Data, reader: Reader, services: Sequence[str]) -> list[tuple[Source, Part]]:
    """The parts of a backup, each with what it replaces.

    Args:
        data: The stack's.
        reader: The backup.
        services: Whose data; all that the backup holds where none is named.

    Raises:
        UsageError: None belongs into this stack.
    """
    ours = {each.service: each for each in data.of(services)}
    found = []
    for part in reader.manifest.parts:
        source = ours.get(part.service)
        if part.kind in kinds.FILES and (source is None or source.kind != part.kind):
            source = _with_volumes(data, part, reader.manifest.project)
        if source is not None and source.kind == part.kind and (not services or source.service in services):
            found.append((source, part))
    if not found:
        theirs = ", ".join(f"{each.service} ({each.kind})" for each in reader.manifest.parts) or "nothing"
        raise UsageError(
            f"{reader.path.name} holds nothing that belongs into this stack",
            details=[
                f"it holds: {theirs}",
                f"here: {', '.join(f'{each.service} ({each.kind})' for each in data.sources)}",
            ],
            next="invoke backup --list",
        )
    return found


def _with_volumes(data: Data, part: Part, project: str) -> Source | None:
    """The service that has the volumes of a part, as they are.

    That is a database that did not run when it was backed up, or has them beside its data.
    It is paused while they are read, and stopped while they are exchanged.
    """
    wanted = {f"{data.project}_{each.name.removeprefix(f'{project}_')}" for each in part.items}
    for container in sorted(data.containers, key=lambda each: each.state != "running"):
        if volumes := tuple(name for name in sources.mounted(container) if name in wanted):
            users = tuple(
                each for each in data.containers if each.state == "running" and {*volumes} & {*sources.mounted(each)}
            )
            known = next((each for each in data.sources if each.service == container.service), None)
            base = known or Source(container.service, kinds.VOLUME, container, (), (), "", container.image)
            return replace(base, kind=part.kind, container=container, volumes=volumes, users=users, read="paused")
    return None
