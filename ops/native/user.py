"""Who PostgreSQL runs as where this process is root, which PostgreSQL refuses to be."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ops import platform

_NOBODY = 65534
"""The user that every Linux has for what belongs to none."""

_WAYS = {
    # In a user namespace of its own root's program is somebody else, and root's files are its own.
    "unshare": (0, ["-U"]),
    # Most containers allow none; there another user does, who may go through root's folders all the same.
    "setpriv": (
        _NOBODY,
        f"--reuid={_NOBODY} --regid={_NOBODY} --clear-groups "
        "--inh-caps=+dac_override --ambient-caps=+dac_override".split(),
    ),
}
"""Programs that start another as somebody else: whom its files must belong to, and their options. The best first."""


def other_than_root() -> list[str]:
    """What to put before the command of a program that refuses to run as root; empty where none is needed.

    Raises:
        OSError: This process is root, or an elevated one of Windows, and the system offers no way.
    """
    if not platform.privileged():
        return []
    if platform.WINDOWS:
        raise OSError("it refuses to run with an administrator's rights; use a terminal without them")
    for program, (_, options) in _WAYS.items():
        if found := shutil.which(program):
            prefix = [found, *options]
            if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
                return prefix
    raise OSError("it refuses to run as root, and this system offers no other user (unshare -U, setpriv)")


def give(folder: Path, prefix: Sequence[str]) -> None:
    """Make a folder belong to whom a prefix of `other_than_root` makes of root; without one it stays as it is.

    Raises:
        OSError: The system refuses it.
    """
    if prefix:
        owner, _ = _WAYS[Path(prefix[0]).name]
        platform.give(folder, owner)
