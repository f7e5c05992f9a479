"""One attempt to start a stack: the signals between the thread that starts it and the thread that watches it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from upready.runtime.interface import Container, Note, silent
from upready.support.errors import OpsError


@dataclass(frozen=True)
class Attempt:
    """One attempt to start a stack, shared by two threads.

    Attributes:
        ending: When set, no further service is started; starts that have begun go on.
        cancel: When set, starts that have begun are interrupted too.
        made: Set once every container exists as the files say, so that only starts are left.
        ready: Whether this run of a container has answered its probe, or passed its health check.
        refuse: Called with a service that could not be started, and the error. The other services go on.
        warn: Called with each warning of compose.
    """

    ending: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)
    made: threading.Event = field(default_factory=threading.Event)
    ready: Callable[[Container], bool] = lambda _: False
    refuse: Callable[[str, OpsError], None] = lambda *_: None
    warn: Note = silent

    def interrupt(self) -> None:
        """End it now."""
        self.ending.set()
        self.cancel.set()
