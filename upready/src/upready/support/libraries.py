"""The libraries that this package needs, also beside a module of the user's that has the name of one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_NAMES = {"docker", "dotenv", "paramiko", "platformdirs", "psutil", "requests", "rich", "urllib3", "yaml"}


class _Installed:
    """Finds a library where packages are installed; what is not there is left to Python's own finders."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As Python's own: only for a library itself, whose `path` is None, and not for the modules within it."""
        if path is not None or name not in _NAMES:
            return None
        installed = [place for place in sys.path if place.rstrip("/\\").endswith(("site-packages", "dist-packages"))]
        return PathFinder.find_spec(name, installed, target)


def prefer_installed() -> None:
    """Import those libraries from where packages are installed, from now on.

    invoke puts the folder of a `tasks/` package first on Python's path: a `tasks/docker.py` would be taken for one.
    """
    if _Installed not in sys.meta_path:
        sys.meta_path.insert(0, _Installed)
