"""A restore that was ended before its end: what it replaced goes into a backup, and what is half made is removed."""

from __future__ import annotations

from upready.data import remains, shelf, sources
from upready.data.backup import Progress, silent
from upready.data.sources import Data
from upready.operations import backup
from upready.runtime.interface import Note, Runtime
from upready.stack.settings import Settings
from upready.support.errors import OpsError, UsageError
from upready.support.pipes import ProgramError

REASON = f"{shelf.BEFORE_RESTORE} another backup, which was cut off"


def settle(settings: Settings, data: Data, tell: Note, progress: Progress = silent) -> None:
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
    for found in [*remains.find(data)]:
        service = found.source.service
        made = backup.last(settings, data, [found.source], REASON, progress, {service: found.aside})
        remains.remove(data, found)
        tell(f"a restore was cut off after it had replaced {found.names}: what was there before is in {made.path}")


def look(settings: Settings, connected: Runtime, tell: Note) -> None:
    """The same for a task that does something else; what cannot be settled is told, and stays for the next restore."""
    try:
        settle(settings, sources.find(settings, connected), tell)
    except UsageError:
        return  # nothing runs
    except (OpsError, ProgramError, OSError) as error:
        tell(f"what a restore has left that was cut off stays where it is: {getattr(error, 'message', error)}")
