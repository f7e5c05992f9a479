"""`invoke unlock`: take away the lock of a task that is gone."""

from __future__ import annotations

from collections.abc import Callable

from upready.releases import carrier, engine_lock
from upready.runtime import current
from upready.runtime.docker import containers
from upready.stack.settings import Settings


def holder(settings: Settings) -> str:
    """Who holds the lock of a project, in words; empty where nobody does.

    Raises:
        EngineError: The engine does not answer.
    """
    connected = containers.connect()
    found = engine_lock.holder(connected, current.name(settings))
    return found.words(carrier.clock(connected)) if found else ""


def unlock(settings: Settings, confirm: Callable[[str], None]) -> str:
    """Take the lock of a project off its engine; returns who held it, in words, empty where nobody did.

    Args:
        settings: The project's.
        confirm: Asked before, with these words; raises where the answer is no.

    Raises:
        EngineError: The engine does not answer.
    """
    connected = containers.connect()
    found = engine_lock.holder(connected, current.name(settings))
    if found is None:
        return ""
    words = found.words(carrier.clock(connected))
    confirm(words)
    carrier.remove(connected, found.container)
    return words
