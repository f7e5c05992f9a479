"""A restore that was ended before its end: what it replaced goes into a backup, and what is half made is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upready.runtime.interface import Note, Runtime
from upready.stack.settings import Settings
from upready.support.errors import OpsError, UsageError

if TYPE_CHECKING:
    from upready.data.backup import Progress
    from upready.data.sources import Data


def settle(settings: Settings, data: Data, tell: Note, progress: Progress | None = None) -> None:
    """Keep in a backup what restores have replaced and not removed, then remove it. The project's locks must be held.

    Args:
        settings: The project's.
        data: The stack's.
        tell: Told of each, with the backup that has it.
        progress: Told how far it is.

    Raises:
        DataError: It could not be kept: then it stays where it is.
        ProgramError: A server refuses something.
        EngineError: The engine does not answer.
    """
    # Every task that changes something comes by here, and hardly one finds anything.
    from upready.data import remains, shelf
    from upready.data.backup import silent
    from upready.operations import backup

    for found in [*remains.find(data)]:
        reason = f"{shelf.BEFORE_RESTORE} another backup, which was cut off"
        made = backup.last(settings, data, [found.source], reason, progress or silent, {found.source.key: found.aside})
        remains.remove(data, found)
        tell(f"a restore was cut off after it had replaced {found.names}: what was there before is in {made.path}")


def look(settings: Settings, connected: Runtime, tell: Note) -> None:
    """The same for a task that does something else; what cannot be settled is told, and stays for the next restore."""
    from upready.data import sources
    from upready.support.pipes import ProgramError

    try:
        try:
            data = sources.find(settings, connected)
        except UsageError:
            return  # nothing runs
        settle(settings, data, tell)
    except (OpsError, ProgramError, OSError) as error:
        tell(f"what a restore has left that was cut off stays where it is: {getattr(error, 'message', error)}")
