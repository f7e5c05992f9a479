"""Who calls a task, and where."""

from __future__ import annotations

import getpass
import socket
from contextlib import suppress


def name() -> str:
    """`user@host`; a user whom the system does not know is `unknown`."""
    user = ""
    with suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    return f"{user or 'unknown'}@{socket.gethostname()}"
