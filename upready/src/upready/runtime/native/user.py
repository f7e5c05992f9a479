"""Who PostgreSQL runs as where this process is root, which PostgreSQL refuses to be: somebody who may read nothing.

Its data belongs to that user, and may lie where only root may enter: a program is started within it, and needs no path.
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
    """Who runs PostgreSQL.

    Attributes:
        account: Another user than this process's; None where it stays the same.
        prefix: What to put before a command that refuses to be root, where root is the only user.
    """

    account: Account | None = None
    prefix: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """What somebody should know who starts it; empty for nothing."""
        if not self.prefix:
            return ""
        return "PostgreSQL can read what this user can: there is no other user here (docs/native.md)"

    def place(self, folder: Path) -> str:
        """How a program that is started in a folder is told of that folder."""
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
        """Run a program to its end; both its streams are one.

        Args:
            command: The program and its arguments.
            folder: Where it runs; the current folder by default.
            text: What it reads.
            file: What it reads, instead.

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
        """Go on as a program that runs in a folder, and never be this process's user again.

        Raises:
            OSError: It cannot be started.
        """
        os.chdir(folder)
        if self.account:
            self.account.take()
        platform.become([*self.prefix, *command])

    def named(self) -> User:
        """This user, or one that the system has a name for: `initdb` asks for it.

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
    """Who runs PostgreSQL with its data in a folder, which need not be there.

    In a home folder that is its owner, so that what is made with `sudo` stays that user's. Else it is nobody else.

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
    """This user under the name that the system has for nobody, in a user namespace; None where there are none."""
    if found := shutil.which("unshare"):
        user = User(prefix=(found, "-U"))
        if user.run(["true"]).returncode == 0:
            return user
    return None
