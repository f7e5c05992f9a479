"""The end of one container's log."""

from __future__ import annotations

from upready.runtime.interface import Container, Runtime
from upready.support.controls import neutralise


def last_lines(connected: Runtime, container: Container, count: int) -> list[str]:
    """The last lines of one container, with no control characters in them.

    Raises:
        EngineError: The engine does not answer.
    """
    source = connected.source("")
    batches = source.read(source.origin(container), tail=count)
    lines = [neutralise(text, colour=False) for lines in batches for _, _, text in lines]
    return lines[-count:] if count else []
