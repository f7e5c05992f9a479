"""Find the libraries of this package, even if the user has a module of the same name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_NAMES = {
    *("anyio", "boto3", "botocore", "docker", "dotenv", "jsonschema", "mcp", "mcp_types", "paramiko"),
    *("platformdirs", "psutil", "pyrage", "requests", "rich", "s3transfer", "urllib3", "yaml"),
}


class _Installed:
    """Finds these libraries among the installed packages; Python's own finders do the rest."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As Python's own finders: only for a library itself, whose `path` is None, not for the modules in it."""
        if path is not None or name not in _NAMES:
            return None
        installed = [place for place in sys.path if place.rstrip("/\\").endswith(("site-packages", "dist-packages"))]
        return PathFinder.find_spec(name, installed, target)


def prefer_installed() -> None:
    """Import these libraries from the installed packages from now on.

    invoke puts the folder of a `tasks/` package first on Python's path: its `tasks/docker.py` would replace `docker`.
    """
    if _Installed not in sys.meta_path:
        sys.meta_path.insert(0, _Installed)
