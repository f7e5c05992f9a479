"""The one place that knows operating systems; everything else asks here.

Functions take no platform argument: `WINDOWS` is set once, and tests of the other branch change it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    import psutil

WINDOWS = sys.platform == "win32"
MACOS = sys.platform == "darwin"

# Not in the modules of the other platform, and so not in its type stubs.
_CTRL_BREAK_EVENT = 1
_SO_EXCLUSIVEADDRUSE = ~socket.SO_REUSEADDR
_CREATE_NEW_PROCESS_GROUP = 0x0200
_CREATE_NO_WINDOW = 0x0800_0000

_LOCKED_BYTE = 1 << 30

_SHARING_TRIES = 25
"""How often an action on a file is tried, 20 ms apart, while another process has the file open."""

T = TypeVar("T")

_MACHINE = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+|LD_LIBRARY_PATH"
    r"|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NODE_EXTRA_CA_CERTS|(HTTPS?|NO|ALL)_PROXY|NPM_CONFIG_\w+"
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|USERNAME|HOMEDRIVE|HOMEPATH|(LOCAL)?APPDATA"
    r"|PROGRAMDATA|PROGRAMFILES.*|NUMBER_OF_PROCESSORS|PROCESSOR_\w+"
)


def new_group() -> dict[str, Any]:
    """Arguments for `subprocess.Popen` that keep a terminal's Ctrl-C from reaching the child directly.

    The task itself decides when the child is interrupted, so that nothing is interrupted twice.
    """
    return {"creationflags": _CREATE_NEW_PROCESS_GROUP} if WINDOWS else {"start_new_session": True}


def interrupt(process: subprocess.Popen[Any]) -> None:
    """Ask a child started with `new_group` to stop, as Ctrl-C does. The child may have ended already."""
    # Without a console, Windows gives other errors too; the child is then killed after the grace period.
    with contextlib.suppress(OSError):
        if WINDOWS:
            process.send_signal(_CTRL_BREAK_EVENT)
        else:
            os.killpg(process.pid, signal.SIGINT)


def kill(process: subprocess.Popen[Any]) -> None:
    """Kill a child started with `new_group`, and all processes that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if WINDOWS:
            # Windows has no process groups as POSIX has them; its own program ends the whole tree.
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)],  # noqa: S607
                capture_output=True,
                check=False,
            )
        else:
            os.killpg(process.pid, signal.SIGKILL)


def try_lock(file: IO[Any]) -> bool:
    """Take the kernel's exclusive lock on an open file without waiting; False if another process holds it.

    The kernel drops the lock when its holder ends, however it ends. The file's position stays the same.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        if WINDOWS:
            import msvcrt

            # The locked byte lies behind any content, because Windows refuses to read a locked range.
            descriptor = file.fileno()
            position = os.lseek(descriptor, 0, os.SEEK_CUR)
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            finally:
                os.lseek(descriptor, position, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX says "would block", Windows "access denied"
        return False
    return True


def write_private(
    path: Path, text: str, verify: Callable[[Path], None] | None = None, *, folder: Path | None = None
) -> None:
    """Write a file whole or not at all, readable only by its owner (mode 600 where there are modes).

    A link is followed, so that a `.env` that is a link stays one. An existing file keeps its owner.

    Args:
        path: The file.
        text: Its content.
        verify: Called with the new file before it replaces the old one; if it raises, the old file stays.
        folder: Where the new file is written first; by default beside the old one. On another file system the file is
            written there only for `verify`, and then once more beside the old one.

    Raises:
        OSError: The folder cannot be written.
    """
    path = Path(os.path.realpath(path))
    # Begins with the file's name, so that a rule that ignores `.env.*` also ignores what a killed writer leaves.
    descriptor, name = tempfile.mkstemp(dir=folder or path.parent, prefix=f"{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if not WINDOWS and path.exists():
            with contextlib.suppress(PermissionError):
                os.chown(temporary, path.stat().st_uid, path.stat().st_gid)
        if verify is not None:
            verify(temporary)
        try:
            temporary.replace(path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            write_private(path, text)
    finally:
        temporary.unlink(missing_ok=True)


def patiently(action: Callable[[], T]) -> T:
    """Do something with a file that another process may have open at this moment, which Windows refuses."""
    for _ in range(_SHARING_TRIES if WINDOWS else 0):
        try:
            return action()
        except PermissionError:
            time.sleep(0.02)
    return action()


def private(path: str, flags: int) -> int:
    """An `opener` for `open`: a file that it makes is only for its owner, whatever the umask is."""
    return os.open(path, flags, 0o600)


def readable_by_others(path: Path) -> bool:
    """Whether other users of this machine may read a file; False where modes mean nothing (Windows)."""
    return not WINDOWS and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def user() -> str:
    """A text that differs between the users of this machine, for a file name."""
    return os.environ.get("USERNAME", "user") if WINDOWS else str(os.getuid())


def temporary_folder() -> Path:
    """A folder where every user may make files that survive a restart, but perhaps not a month.

    Not `tempfile.gettempdir`: that differs between terminals, and finds no folder on a full disk.
    """
    if WINDOWS:
        return Path(os.environ.get("TEMP", "C:/Windows/Temp"))
    lasting = Path("/var/tmp")  # noqa: S108 - what is made there is made private
    return lasting if lasting.is_dir() else Path("/tmp")  # noqa: S108


def belongs_to_another(path: Path) -> bool:
    """Whether a path belongs to another user, or is a link; False where files have no such owner (Windows).

    Raises:
        OSError: It does not exist, or this user cannot see it.
    """
    return not WINDOWS and (path.lstat().st_uid != os.geteuid() or path.is_symlink())


def inherit_owner(folder: Path) -> None:
    """Give a folder to the owner of the folder above it, which only root may do; Windows has no root."""
    above = folder.parent.stat()
    if not WINDOWS and above.st_uid != os.geteuid() == 0:
        os.chown(folder, above.st_uid, above.st_gid)


def executable(name: str) -> str:
    """A program's file name on this system: `docker` is `docker.exe` on Windows."""
    return f"{name}.exe" if WINDOWS else name


def claim_exclusively(endpoint: socket.socket) -> None:
    """Make a later `bind` fail if another process listens on the port, and only then.

    On POSIX, TCP needs SO_REUSEADDR: otherwise a port counts as taken while its last connection closes (TIME_WAIT). UDP
    must not have it: a port in use would be given away. Windows has its own option. macOS: see `host_ports`.
    """
    if WINDOWS:
        endpoint.setsockopt(socket.SOL_SOCKET, _SO_EXCLUSIVEADDRUSE, 1)
    elif endpoint.type == socket.SOCK_STREAM:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def detached() -> dict[str, Any]:
    """Arguments for `subprocess.Popen` that let a child run on when this process ends or its terminal closes."""
    flags = _CREATE_NEW_PROCESS_GROUP | _CREATE_NO_WINDOW
    return {"creationflags": flags} if WINDOWS else {"start_new_session": True}


def ask_to_end(process: psutil.Process, name: str) -> None:
    """Send a process a signal by its name (`SIGTERM`, `TERM`) or number; Windows has no signals, and ends it.

    Raises:
        psutil.Error: It has ended, or belongs to another user.
    """
    number = int(name) if name.isdigit() else getattr(signal, f"SIG{name.removeprefix('SIG')}", None)
    if WINDOWS or number is None:
        process.terminate()
    else:
        process.send_signal(number)


def exit_code(code: int) -> int:
    """The exit code of `Popen.wait` as a container would give it: 128 + N if signal N ended the process."""
    return 128 - code if code < 0 else code


def outlive_signals() -> None:
    """Let this process go on if the terminal closes, or if the whole group gets a signal.

    It sets a handler: children would inherit an ignored signal.
    """
    for name in ("SIGINT", "SIGTERM", "SIGBREAK" if WINDOWS else "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda *_: None)


def machine_environment() -> dict[str, str]:
    """The variables of this process that describe the machine: paths, locale, certificates, proxies.

    A service without a container gets only these, because a container would not see the others either.
    """
    return {key: value for key, value in os.environ.items() if _MACHINE.fullmatch(key.upper())}


def terminal_environment() -> dict[str, str]:
    """The variables of this process that describe its terminal."""
    return {name: os.environ[name] for name in ("TERM", "COLORTERM", "NO_COLOR") if name in os.environ}


def privileged() -> bool:
    """Whether this process is root, or an administrator on Windows: some programs refuse to run as either."""
    if WINDOWS:
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())  # type: ignore[attr-defined,unused-ignore]
    return os.geteuid() == 0


def become(command: Sequence[str]) -> NoReturn:
    """Replace this process by another program; Windows runs that as a child, and this process ends with its code."""
    if WINDOWS:
        sys.exit(subprocess.call(list(command)))
    sys.stdout.flush()
    os.execv(command[0], list(command))  # noqa: S606 - a shell is what it must not be


def musl() -> bool:
    """Whether this is a Linux with the C library musl (Alpine), for which some wheels have no programs."""
    import platform

    return sys.platform == "linux" and platform.libc_ver()[0] != "glibc"


def node_program(folder: Path) -> Path:
    """Node's program in the folder of its wheel."""
    return folder / "node.exe" if WINDOWS else folder / "bin" / "node"


def shell() -> list[str]:
    """The user's own shell."""
    return [os.environ.get("COMSPEC", "cmd.exe")] if WINDOWS else [os.environ.get("SHELL") or "/bin/sh"]
