"""Commands to show to people, in the form that the shells of their system understand."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from upready.support import platform


def access_command(path: Path) -> str:
    """The command that gives this user access to a path, or to the nearest folder above it that exists."""
    if platform.WINDOWS:
        return f'icacls "{path}" /grant "%USERNAME%:(OI)(CI)F" /T'
    while not os.path.lexists(path):
        path = path.parent
    command = 'sudo chown -R "$(id -un)"' if platform.belongs_to_another(path) else "chmod -R u+rwX"
    return f"{command} {quoted(path)}"


def move_command(source: Path, target: Path) -> str:
    """The command that moves a file or folder."""
    return f"{'move' if platform.WINDOWS else 'mv'} {quoted(source)} {quoted(target)}"


def list_command(path: Path) -> str:
    """The command that shows what is at a path."""
    return f"{'dir' if platform.WINDOWS else 'ls -ld'} {quoted(path)}"


def quoted(path: Path) -> str:
    """A path as one word for the shells of this system."""
    return f'"{path}"' if platform.WINDOWS else shlex.quote(str(path))


def word(text: str) -> str:
    """A text as one word for the shells of this system."""
    return text if text.replace("-", "").isalnum() else f'"{text}"' if platform.WINDOWS else shlex.quote(text)


def line(words: Sequence[str]) -> str:
    """A command as this system's shells take it."""
    return subprocess.list2cmdline(words) if platform.WINDOWS else shlex.join(words)


def with_variable(name: str, value: str, command: str) -> str:
    """A command with a variable that is set for it alone."""
    return f'cmd /c "set {name}={value}&& {command}"' if platform.WINDOWS else f"{name}={shlex.quote(value)} {command}"


def assignment(name: str, value: str) -> str:
    """The command that sets a variable for everything that is started in this terminal."""
    return f"set {name}={value}" if platform.WINDOWS else f"export {name}={shlex.quote(value)}"
