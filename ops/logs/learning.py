"""Getting to know a stack's secrets before its logs are shown, as far as they can be read: logs come all the same."""

from __future__ import annotations

import contextlib
import functools
import threading
from typing import TYPE_CHECKING

from ops import secrecy
from ops.runtime import Runtime
from ops.settings import Settings

if TYPE_CHECKING:
    from ops.model import Model

PATIENCE = 5.0
"""Seconds that compose gets to read its files; it may have to fetch some."""


class Learning:
    """Reads the compose files of every environment in a thread.

    Args:
        settings: The project's.
        needed: Whether to read them at all.
    """

    def __init__(self, settings: Settings, *, needed: bool) -> None:
        self._settings = settings
        self._found: list[Model] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        if needed:
            self._thread.start()

    def finish(self, connected: Runtime, project: str) -> None:
        """Wait until all is known that can be; containers may hold secrets that this shell does not have."""
        if not self._thread.ident:
            return
        self._thread.join(PATIENCE)
        from ops import model_secrets
        from ops.engine import Engine

        if isinstance(connected, Engine):
            for merged in list(self._found):
                given = functools.partial(model_secrets.injected, connected, project, merged)
                secrecy.know(("injected", id(merged)), given)

    def _read(self) -> None:
        from ops import model, stack

        for environment in self._settings.environments:
            # Every profile, if they go together.
            for profiles in (("*",), ()):
                with contextlib.suppress(Exception):  # whatever cannot be read is told by other tasks
                    self._found.append(model.load(stack.select(self._settings, environment, profiles)))
                    break
