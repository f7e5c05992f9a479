"""One attempt to start a stack: what the one who watches tells the one who starts, and the other way round."""

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
        ending: When set, nothing more is begun; what is under way goes on to its end.
        cancel: When set, what is under way is interrupted, too.
        made: Set by the starter once every container is there as the files say, so that only starts are left.
        ready: Whether this run of a container has answered its probe, or passed its health check.
        refuse: Told when a service could not be started, and why. The other services go on.
        warn: Told what compose warns of.
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
