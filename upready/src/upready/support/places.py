"""Where the tasks keep things of this user, outside every project. `folders` makes these places and writes in them.

It imports little: the compiled modules of this library are found by it (`bytecode`), before others are imported.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "OPS_STATE_DIR"
"""The environment variable that sets another folder for all of them."""

APPLICATION = "invoke-ops"


def state(root: Path) -> Path | None:
    """The folder for the state of all projects: the one in `OPS_STATE_DIR`, else the system's usual place.

    Args:
        root: The project's folder. A place within it is not used, because image builds would include it.

    Returns:
        The folder, which may be missing; None if there is no home folder, or one that is not writable.

    Raises:
        UsageError: `OPS_STATE_DIR` is not absolute.
    """
    return _named() or _usual("user_state_path", root)


def cache(root: Path) -> Path | None:
    """The folder for files that can be made again at any time; found in the same way as `state`.

    Raises:
        UsageError: `OPS_STATE_DIR` is not absolute.
    """
    named = _named()
    return named / "cache" if named else _usual("user_cache_path", root)


def _named() -> Path | None:
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    if not Path(text).is_absolute():
        from upready.support import shell_words
        from upready.support.errors import UsageError

        absolute = str(Path(text).absolute())
        raise UsageError(
            f"{VARIABLE} should be an absolute path, not {text!r}", next=shell_words.assignment(VARIABLE, absolute)
        )
    return Path(text)


def _usual(which: str, root: Path) -> Path | None:
    """The system's usual place for this user's files; None if there is none that can be used."""
    import platformdirs

    try:
        path: Path = getattr(platformdirs, which)(APPLICATION, appauthor=False)
    except RuntimeError:  # no home folder
        return None
    return path if path.is_absolute() and _outside(path, root) and _possible(path) else None


def _outside(path: Path, root: Path) -> bool:
    real = Path(os.path.realpath(path))
    return Path(os.path.realpath(root)) not in (real, *real.parents)


def _possible(path: Path) -> bool:
    """Whether a folder exists, or can be made."""
    try:
        while not path.exists():
            path = path.parent
            if path.exists():
                return os.access(path, os.W_OK | os.X_OK)
    except OSError:
        return False
    return True
