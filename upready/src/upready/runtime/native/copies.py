"""Copy PostgreSQL's programs for a user who may not enter their folder, such as root's home."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from upready.runtime.native.user import User
from upready.support import platform

_PLACES = (Path("/var/cache"), Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - what is made there is only root's to change
_FOLDER = "invoke-ops"

_NEEDLESS = shutil.ignore_patterns("include", "pkgconfig", "*.a")
"""Files that are needed only for building programs."""


def usable(programs: Path, user: User) -> Path:
    """The folder of PostgreSQL's programs that a user may run: the one given, or that of a copy.

    Args:
        programs: The folder within its wheel.
        user: Who runs them.

    Raises:
        OSError: They can be copied to no place where that user may run them.
    """
    if user.account is None or _runs(programs, user):
        return programs
    refused = OSError(f"no other user may run what is in {programs}")
    for place in _PLACES:
        try:
            copy = _copied(programs, place / _FOLDER)
        except OSError as error:
            refused = error
        else:
            if _runs(copy, user):
                return copy
    raise refused


def _runs(programs: Path, user: User) -> bool:
    try:
        # Two programs are needed; this one also needs libraries.
        return user.run([str(programs / "initdb"), "--version"]).returncode == 0
    except PermissionError:
        return False


def _copied(programs: Path, home: Path) -> Path:
    """The copy of a folder of programs, made when it is not there; everybody may read it, only its owner change it."""
    home.mkdir(mode=0o755, exist_ok=True)
    # Anybody can make a folder with any name among the temporary files.
    if platform.belongs_to_another(home):
        raise PermissionError(f"{home} belongs to another user")
    home.chmod(0o755)
    tree, package = programs.parent, programs.parent.parent
    told = (programs / "postgres").stat()
    target = home / f"{tree.name}-{told.st_size:x}-{told.st_mtime_ns:x}"
    copy = target / package.name / tree.name / programs.name
    if copy.exists():
        return copy
    with tempfile.TemporaryDirectory(dir=home, ignore_cleanup_errors=True) as folder:
        made = Path(folder, "made")
        # Programs look for their libraries beside the package, as wheels have them.
        for source in (tree, package.with_name(f"{package.name}.libs")):
            if source.is_dir():
                part = made / source.relative_to(package.parent)
                shutil.copytree(source, part, symlinks=True, ignore=_NEEDLESS)
        _open(made)
        try:
            made.rename(target)
        except OSError:
            if not copy.exists():  # else another start was quicker
                raise
    return copy


def _open(folder: Path) -> None:
    """Let everybody read a folder and what is in it, and run what its owner may run."""
    for place, _, files in os.walk(folder):
        Path(place).chmod(0o755)
        for file in (Path(place, name) for name in files):
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
