"""Commands to show to people, in the form that the shells of their system understand."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from upready.support import platform

_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)


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


def copy_command(source: Path, target: Path) -> str:
    """The command that copies a file."""
    return f"{'copy' if platform.WINDOWS else 'cp'} {quoted(source)} {quoted(target)}"


def list_command(path: Path) -> str:
    """The command that shows what is at a path."""
    return f"{'dir' if platform.WINDOWS else 'ls -ld'} {quoted(path)}"


def make_command(path: Path) -> str:
    """The command that makes a folder, and those that it stands in."""
    return f"mkdir {'' if platform.WINDOWS else '-p '}{quoted(path)}"


def end_command(*processes: int, foreign: bool = False) -> str:
    """The command that ends processes; those of another user need more rights."""
    if platform.WINDOWS:
        numbers = " ".join(f"/PID {each}" for each in processes)
        return f"taskkill {'/F ' if foreign else ''}{numbers}"
    return f"{'sudo ' if foreign else ''}kill {' '.join(map(str, processes))}"


def in_turn(*commands: str) -> str:
    """Commands of which each is run when the one before it has succeeded, for any of this system's shells."""
    line = " && ".join(commands)
    return f'cmd /c "{line}"' if platform.WINDOWS and len(commands) > 1 else line


def quoted(path: Path) -> str:
    """A path as this system's shells read it as one word; one below the current folder is shown from there."""
    with contextlib.suppress(OSError, ValueError):
        path = path.relative_to(Path.cwd())
    text = f".{os.sep}{path}" if str(path).startswith("-") else str(path)
    return f'"{text}"' if platform.WINDOWS else shlex.quote(text)


def word(text: str) -> str:
    """A text as any of this system's shells reads it as one word."""
    return text if _PLAIN.fullmatch(text) else f'"{text}"' if platform.WINDOWS else shlex.quote(text)


def line(words: Sequence[str]) -> str:
    """A command as this system's shells take it."""
    return subprocess.list2cmdline(words) if platform.WINDOWS else shlex.join(words)


def with_variable(name: str, value: str, command: str) -> str:
    """A command with a variable that is set for it alone."""
    return f'cmd /c "set {name}={value}&& {command}"' if platform.WINDOWS else f"{name}={shlex.quote(value)} {command}"


def assignment(name: str, value: str) -> str:
    """The command that sets a variable for everything that is started in this terminal."""
    return f"set {name}={value}" if platform.WINDOWS else f"export {name}={shlex.quote(value)}"


def removal(*names: str) -> str:
    """The command that takes variables from what is started in this terminal."""
    return " && ".join(f"set {name}=" for name in names) if platform.WINDOWS else f"unset {' '.join(names)}"
