"""Getting to know a stack's secrets before its logs are shown, as far as they can be read; logs come all the same.

What a container was given it tells itself. Compose, which takes as long as all the rest, is asked only where that is
not enough: for secrets that it mounts somewhere or copies into containers, and for what runs without an engine.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from upready.runtime.interface import Runtime
from upready.runtime.native import paths
from upready.secrets import masking
from upready.stack.settings import Settings
from upready.support import background, files
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.stack.model import Model

PATIENCE = 5.0
"""Seconds that compose gets to read its files; it may have to fetch some."""


_TELLING = re.compile(rb"\b(?:secrets|configs|include|extends)\b")
"""What a compose file says that has secrets of its own, or may have them from another file."""


class Learning:
    """Lets compose read the files of every environment in the background, where they may tell of more secrets.

    Args:
        settings: The project's.
        needed: Whether to look at them at all.
    """

    def __init__(self, settings: Settings, *, needed: bool) -> None:
        needed = needed and (paths.native(settings.root).is_dir() or any(map(_tells, _files(settings))))
        self._found: list[Model] = []
        self._reading = background.begin(lambda: _read(settings, self._found)) if needed else None

    def finish(self, connected: Runtime) -> None:
        """Wait until all is known that can be; containers may hold secrets that this shell does not have."""
        if self._reading is None:
            return
        background.done(self._reading, PATIENCE)
        from upready.runtime.docker import injected_secrets
        from upready.runtime.docker.engine import Engine

        if isinstance(connected, Engine):
            for merged in list(self._found):
                masking.know(("injected", id(merged)), functools.partial(injected_secrets.read, connected, merged))


def _read(settings: Settings, found: list[Model]) -> None:
    """Add the model of every environment that compose can read; loading one makes its secrets known."""
    from upready.stack import model, selection

    for environment in settings.environments:
        # Every profile, if they go together.
        for profiles in (("*",), ()):
            with contextlib.suppress(Exception):  # whatever cannot be read is told by other tasks
                found.append(model.load(selection.select(settings, environment, profiles)))
                break


def _files(settings: Settings) -> Iterator[Path]:
    """The compose files of every environment."""
    return (settings.root / name for each in settings.environments.values() for name in each.files)


def _tells(file: Path) -> bool:
    try:
        return bool(_TELLING.search(files.read(file) or b""))
    except OpsError:
        return False
