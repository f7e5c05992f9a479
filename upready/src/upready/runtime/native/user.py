"""The user for PostgreSQL if this process is root, which PostgreSQL refuses: a user who may read nothing.

Its data belongs to that user, and may be where only root may enter: programs are started in it and need no path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, NoReturn

from upready.support import accounts, platform
from upready.support.accounts import Account


@dataclass(frozen=True)
class User:
    """The user who runs PostgreSQL.

    Attributes:
        account: Another user than this process's; None if it stays the same.
        prefix: What to put before a command that refuses to run as root, if root is the only user.
    """

    account: Account | None = None
    prefix: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """A note for the user; empty for none."""
        if not self.prefix:
            return ""
        return "PostgreSQL can read what this user can: there is no other user here (docs/native.md)"

    def place(self, folder: Path) -> str:
        """The name of a folder for a program that is started in it."""
        return str(accounts.HERE if self.account else folder)

    def give(self, folder: Path) -> None:
        """Make a folder and all in it belong to this user.

        Raises:
            OSError: The system refuses it.
        """
        if self.account:
            self.account.give(folder)

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        text: str | None = None,
        file: IO[str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; stdout and stderr are combined.

        Args:
            command: The program and its arguments.
            folder: Where it runs; the current folder by default.
            text: Its input.
            file: Its input, as a file.

        Raises:
            OSError: It cannot be started.
        """
        return subprocess.run(
            [*self.prefix, *command],
            cwd=folder,
            stdin=None if text is not None else file or subprocess.DEVNULL,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            **(self.account.rights if self.account else {}),
        )

    def become(self, command: Sequence[str], folder: Path) -> NoReturn:
        """Replace this process by a program in a folder, as this user, for good.

        Raises:
            OSError: It cannot be started.
        """
        os.chdir(folder)
        if self.account:
            self.account.take()
        platform.become([*self.prefix, *command])

    def named(self) -> User:
        """This user, or one with a name in the system: `initdb` needs a name.

        Raises:
            OSError: There is none that this process may become.
        """
        if platform.WINDOWS or self.prefix or (self.account or accounts.current()).named():
            return self
        if self.account is None and (other := _namespace()):
            return other
        found = next((each for each in accounts.named() if each.possible()), None) if self.account else None
        if found is None:
            raise OSError("it is initialised by a user with a name, and the system names none here (/etc/passwd)")
        return replace(self, account=found)


def of(folder: Path) -> User:
    """The user who runs PostgreSQL with its data in a folder, which need not exist.

    In a home folder that is its owner, so that data made with `sudo` stays that user's. Elsewhere it is an unused user.

    Raises:
        OSError: This process is root, or an elevated one of Windows, and the system offers no way.
    """
    if not platform.privileged():
        return User()
    if platform.WINDOWS:
        raise OSError("it refuses to run with an administrator's rights; use a terminal without them")
    around = accounts.owner(folder.parent)
    account = around if around.user else accounts.unused()
    if account and accounts.HERE.exists() and account.possible():
        return User(account)
    if accounts.alone() and (other := _namespace()):
        return other
    raise OSError("it refuses to run as root, and root may not become another user here (setuid, setgid, /proc)")


def _namespace() -> User | None:
    """This user under the system's name for nobody, in a user namespace; None if that is impossible."""
    if found := shutil.which("unshare"):
        user = User(prefix=(found, "-U"))
        if user.run(["true"]).returncode == 0:
            return user
    return None
