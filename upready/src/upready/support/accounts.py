"""The users of a POSIX system: which user a root process may become, and who owns files. Windows has no such users."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path("/proc/self/cwd")
"""The folder that a process is in, even if its user may not enter the folders above it (Linux)."""

_FREE = range(61183, 60705, -1)
"""User numbers between those of people and those of services; systemd's table calls them unused."""

_FEWER = range(60705, 99, -1)
"""More numbers to try, for a container that has only some of the numbers."""

_NOBODY = "nobody"
"""The user that nearly every system has for files that belong to nobody."""


@dataclass(frozen=True)
class Account:
    """A user and a group, by number."""

    user: int
    group: int

    @property
    def rights(self) -> dict[str, Any]:
        """Arguments for `subprocess.Popen` that start a program as this user, in no other group."""
        # Not an empty list of groups: with it, Python 3.12.0 keeps root's groups (CVE-2023-6507).
        return {"user": self.user, "group": self.group, "extra_groups": [self.group]}

    def possible(self) -> bool:
        """Whether this process may start a program as this user."""
        with contextlib.suppress(OSError):
            command = ["true"]  # found on PATH: its folder differs between systems
            return subprocess.run(command, cwd="/", check=False, **self.rights).returncode == 0
        return False

    def named(self) -> bool:
        """Whether the system has a name for this user."""
        import pwd

        return _found(pwd.getpwuid, self.user)

    def take(self) -> None:
        """Become this user, for good.

        Raises:
            OSError: The system refuses it.
        """
        os.setgroups([self.group])
        os.setgid(self.group)
        os.setuid(self.user)

    def give(self, folder: Path) -> None:
        """Make this user the owner of a file, or of a folder and everything in it, if it is not the owner already.

        Raises:
            OSError: The system refuses it.
        """
        if folder.stat().st_uid == self.user:
            return
        # Through open folders, so that nobody can replace a file by a link in the meantime.
        for _, folders, files, place in os.fwalk(folder):
            for name in (*folders, *files):
                os.chown(name, self.user, self.group, dir_fd=place, follow_symlinks=False)
        # The folder itself comes last: it counts as given only when everything in it was given.
        os.chown(folder, self.user, self.group)


def current() -> Account:
    """The user of this process."""
    return Account(os.geteuid(), os.getegid())


def owner(path: Path) -> Account:
    """The owner of a file or folder; if it does not exist, the owner of the folder above it."""
    while not path.exists():
        path = path.parent
    found = path.stat()
    return Account(found.st_uid, found.st_gid)


def unused() -> Account | None:
    """A number that no user and no group has; None if there is only root's."""
    import grp

    free = (each for each in (*_FREE, *_FEWER) if _there(each) and not _found(grp.getgrgid, each))
    return next((found for each in free if not (found := Account(each, each)).named()), None)


def named() -> Iterator[Account]:
    """The users with a name, except root; the user `nobody` comes first."""
    import pwd

    entries = sorted(pwd.getpwall(), key=lambda each: each.pw_name != _NOBODY)
    return (Account(each.pw_uid, each.pw_gid) for each in entries if each.pw_uid and _there(each.pw_uid))


def alone() -> bool:
    """Whether root is the only user, as in a container of a user without rights: this root is then that user."""
    return _numbers() == [range(1)]


def _found(look: Callable[[int], object], number: int) -> bool:
    """Whether one of the system's tables has a number."""
    with contextlib.suppress(KeyError):
        return bool(look(number))
    return False


def _there(number: int) -> bool:
    return any(number in each for each in _numbers())


def _numbers() -> list[range]:
    """The user numbers that exist: a container may have only some."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            lines = Path("/proc/self/uid_map").read_text("ascii").splitlines()
            return [range(int(first), int(first) + int(count)) for first, _, count in map(str.split, lines)]
    return [range(1 << 31)]
