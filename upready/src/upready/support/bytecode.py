"""Keeps Python's compiled modules of this library in the user's cache, never in the project that it runs."""

from __future__ import annotations

import contextlib
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

_LIBRARY = str(Path(__file__).resolve().parents[1])

_prefix = ""

_before = False
"""Whether Python wrote no compiled modules before."""


class _Loader(SourceFileLoader):
    """Reads and writes compiled modules below `_prefix`; those of other packages stay where they are.

    Where there is no such folder, or none yet, it reads those beside the sources, and writes none.
    """

    def get_code(self, fullname: str) -> CodeType | None:
        """As Python's own method, which takes the folder from `sys.pycache_prefix`."""
        before, sys.pycache_prefix = sys.pycache_prefix, _prefix or sys.pycache_prefix
        try:
            return super().get_code(fullname)
        except (EOFError, ValueError, TypeError):
            # The file is incomplete: the disk was full, and not every Python notices that.
            from importlib.util import cache_from_source

            with contextlib.suppress(OSError):
                Path(cache_from_source(self.path)).unlink()
            return super().get_code(fullname)
        finally:
            sys.pycache_prefix = before

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o600) -> None:  # type: ignore[override,unused-ignore]
        """As Python's own method, but nobody else may change the modules, whatever the umask is."""
        if not _prefix:
            return
        with contextlib.suppress(OSError):
            for each in reversed([above for above in Path(path).parents if not above.exists()]):
                each.mkdir(mode=0o700)
            super().set_data(path, data, _mode=_mode & 0o700)
            if Path(path).stat().st_size != len(data):
                Path(path).unlink()


def keep_outside() -> None:
    """Keep the compiled modules of this library outside the project from now on; call it before the imports.

    If there is no place for them, none are kept, as with plain invoke: each call is then 0.4 s slower.
    """
    global _prefix, _before
    before = sys.dont_write_bytecode
    if _find not in sys.path_hooks:
        sys.path_hooks.insert(0, _find)
        for path in [each for each in sys.path_importer_cache if each.startswith(_LIBRARY)]:
            del sys.path_importer_cache[path]
    # Before the folder is looked for: the library that knows it is kept compiled as well, beside itself.
    sys.dont_write_bytecode = False
    _prefix, _before = folder(), before
    if not _prefix:
        hand_back()


def hand_back() -> None:
    """Do as Python was told before: the next modules are the user's, beside the `tasks.py`."""
    sys.dont_write_bytecode = _before


def keep() -> None:
    """Keep compiled modules from now on: for a command of this library, which imports none of the user's modules."""
    if _prefix:
        sys.dont_write_bytecode = False


def folder() -> str:
    """The folder of compiled modules, made if it is missing; empty if there is no place for one."""
    from upready.support import places
    from upready.support.errors import UsageError

    root = Path(_LIBRARY).parent
    try:
        found = places.cache(root)
        if found is None or not found.is_dir():
            from upready.support import folders

            found = folders.cache(root)
            folders.make(found)
    except (UsageError, OSError):  # a folder that is closed to this user cannot even be looked at
        return ""
    return str(found / "bytecode")


def _find(path: str) -> FileFinder:
    if path != _LIBRARY and Path(_LIBRARY) not in Path(path).parents:
        raise ImportError(path)
    return FileFinder(path, (_Loader, SOURCE_SUFFIXES))
