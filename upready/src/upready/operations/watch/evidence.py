"""Whether compose has done what a change asks for: the containers tell, not compose's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from upready.operations.watch.rules import RESTARTS, Action, Change
from upready.runtime.interface import Container

Read = Callable[[str, str, int], bytes | None]
"""The start of a file within a container: its id, the path, and how many bytes; None if there is no such file."""

COMPARED = 1 << 20
"""Bytes of a copied file that are compared."""

LOOKED_AT = 20
"""So many copied files are looked at; compose copies all of them at once."""


def is_done(change: Change, before: Sequence[Container], now: Sequence[Container], read: Read) -> bool:
    """Whether a change's work is done.

    Args:
        change: The change.
        before: The project's containers as they were before it.
        now: The same now.
        read: Reads a file within a container.
    """
    if change.mounted:
        return True
    own = [each for each in now if each.service == change.service]
    if not own:
        # Nothing can be copied or restarted; a rebuild makes a container.
        return change.action is not Action.REBUILD
    earlier = {each.id: each.started for each in before if each.service == change.service}
    if any(each.state in ("created", "removing") for each in own):
        return False
    if change.action is Action.REBUILD:
        return not any(each.id in earlier for each in own)
    if change.action in RESTARTS and any(earlier.get(each.id) == each.started for each in own):
        return False
    return all(_is_copied(own, file, place, read) for file, place in change.places[:LOOKED_AT])


def _is_copied(containers: Iterable[Container], file: Path, place: str, read: Read) -> bool:
    """Whether a file is in each container as it is here; where it is gone here, it is gone there."""
    try:
        with file.open("rb") as opened:
            here: bytes | None = opened.read(COMPARED)
    except OSError:
        here = None
    return all(read(each.id, place, COMPARED) == here for each in containers)
