"""PostgreSQL as a service without a container: it does what the entry point of its image does, and runs PostgreSQL.

    python -m upready.runtime.native.postgres --data FOLDER --port PORT [--setup VARIABLE]

User, password and database come from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, as with the image. The folder is
initialised once, on the first start, and is whole or not there: a start that was cut begins again. The SQL in VARIABLE
is run in that database before anybody can connect: on the first start, and on the next one when it has changed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upready.runtime.native import copies, executables, paths, user
from upready.runtime.native.user import User
from upready.support import platform, shell_words
from upready.support.errors import EngineError

if TYPE_CHECKING:
    import psutil

MODULE = "upready.runtime.native.postgres"
"""The module's name in a command that runs it."""

LOCK = "postmaster.pid"
"""In the data folder: the process that serves it."""

DONE = "setup.sha256"
"""In the data folder: the SQL that was run there last."""

SOCKET_FREE = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
"""No Unix socket: its path may be too long, and nobody needs it."""


class PostgresError(Exception):
    """PostgreSQL cannot be run; the message says why and what to do."""


def check(data: Path) -> str:
    """Make sure that PostgreSQL can be run on this machine, before anything is started.

    Args:
        data: Where it keeps everything; need not be there.

    Returns:
        A note for the user; empty for none.

    Raises:
        EngineError: It cannot.
    """
    folder = executables.postgres()
    try:
        runner = user.of(data)
        copies.usable(folder, runner)
        if not data.exists():
            runner.named()
    except OSError as error:
        raise EngineError(
            f"PostgreSQL cannot be run: {error}",
            next="as another user, or with a Docker Engine: invoke dev --runtime docker",
        ) from error
    return runner.remark


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Run PostgreSQL in this process; returns only when that is not possible: 1, with the reason on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m upready.runtime.native.postgres", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="where it keeps everything")
    parser.add_argument("--port", required=True, help="the port on 127.0.0.1")
    parser.add_argument("--setup", metavar="VARIABLE", help="an environment variable with SQL to run before the start")
    options = parser.parse_args(arguments)
    data = options.data.absolute()
    try:
        runner = user.of(data)
        folder = copies.usable(executables.postgres(), runner)
        prepare(data, runner, folder, environment)
        if options.setup:
            set_up(data, runner, folder, environment.get(options.setup, ""), environment.get("POSTGRES_DB", ""))
        server = str(folder / platform.executable("postgres"))
        runner.become([server, "-D", runner.place(data), "-p", options.port, *SOCKET_FREE], data)
    except (PostgresError, EngineError, OSError) as error:
        sys.stderr.write(f"PostgreSQL cannot be started: {error}{_next_step(error)}\n")
        return 1


def _next_step(error: Exception) -> str:
    """The next step, as the end of a sentence; empty if there is none."""
    if isinstance(error, EngineError):
        return f"; next: {error.next}"
    # Files made with `sudo` may belong to another user.
    if isinstance(error, PermissionError) and error.filename:
        return f"; next: {shell_words.access_command(Path(error.filename))}"
    return ""


def prepare(data: Path, runner: User, programs_folder: Path, environment: Mapping[str, str]) -> None:
    """Make sure that a folder holds a database of this PostgreSQL; an existing one is not changed.

    Its owner becomes the user who runs it now.

    Raises:
        PostgresError: It was made by another major version, or cannot be made.
        OSError: The system refuses something.
    """
    settle(data)
    if (data / "PG_VERSION").exists():
        made_by = (data / "PG_VERSION").read_text("utf-8").strip()
        ours = _version(programs_folder)
        if made_by != ours:
            raise PostgresError(
                f"the data in {data} was made by version {made_by}, and this is {ours}; it was not touched. "
                f"Move the folder away to begin anew (pg_dump of version {made_by} reads what it holds)"
            )
        _remove_stale_lock(data)
        runner.give(data)
        return
    if data.exists() and any(data.iterdir()):
        raise PostgresError(f"{data} holds something, but no database; it was not touched. Move it away")
    missing = [name for name in ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB") if not environment.get(name)]
    if missing:
        raise PostgresError(f"{', '.join(missing)} must be set")
    _initialise(data, runner.named(), programs_folder, environment)
    runner.give(data)


def settle(data: Path) -> str:
    """Go on with an upgrade to another major version: what it has made whole becomes the data, the old ones stay.

    Returns:
        The name of the folder in which these are now; empty where there was nothing to do.

    Raises:
        OSError: The system refuses something.
    """
    ready = data.with_name(paths.READY)
    if not ready.exists():
        return ""
    kept = _kept(data, (ready / "PG_VERSION").read_text("utf-8").strip())
    if data.exists():
        platform.patiently(lambda: data.rename(kept))
    platform.patiently(lambda: ready.rename(data))
    return kept.name


def _kept(data: Path, version: str) -> Path:
    """Where data stay that another version has taken over."""
    names = (f"before_{version}{more}" for more in ("", *(f"_{number}" for number in range(2, 100))))
    return next(place for name in names if not (place := data.with_name(name)).exists())


def set_up(data: Path, runner: User, programs_folder: Path, sql: str, database: str) -> None:
    """Run SQL in a database of a server that does not run, unless that was done already.

    Raises:
        PostgresError: PostgreSQL refuses it.
        OSError: The system refuses something.
    """
    if (data / LOCK).exists():
        return  # a server runs here after all: the one that is to be started tells it
    done, mark = data / DONE, hashlib.sha256(sql.encode()).hexdigest()
    if done.exists() and done.read_text("utf-8") == mark:
        return
    server = [str(programs_folder / platform.executable("postgres")), "--single", "-j"]
    # Errors are logged without the SQL, which may contain a password.
    quiet = ("-c", "exit_on_error=on", "-c", "log_checkpoints=off", "-c", "log_min_error_statement=panic")
    named = runner.named()  # single-user mode asks for a name, as initdb does
    try:
        named.give(data)
        _judge(named.run([*server, "-D", named.place(data), *quiet, database], folder=data, text=sql))
        done.write_text(mark, "utf-8")
    finally:
        runner.give(data)


def _initialise(data: Path, runner: User, folder: Path, environment: Mapping[str, str]) -> None:
    """Make a database, whole or not at all."""
    temporary = data.with_name(paths.HALF)
    shutil.rmtree(temporary, ignore_errors=True)
    data.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.write("initialising the database\n")
    try:
        temporary.mkdir(mode=0o700)
        runner.give(temporary)
        _fill(temporary, runner, folder, environment)
        with contextlib.suppress(OSError):
            data.rmdir()  # an empty one, which Windows does not replace
        temporary.rename(data)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _fill(place: Path, runner: User, folder: Path, environment: Mapping[str, str]) -> None:
    """Make a database in an empty folder."""
    user, database, password = (
        environment["POSTGRES_USER"],
        environment["POSTGRES_DB"],
        place.with_name(paths.PASSWORD),
    )
    try:
        platform.write_private(password, environment["POSTGRES_PASSWORD"] + "\n")
        runner.give(password)
        with password.open(encoding="utf-8") as file:
            # The other user may not enter the folder, but can read its own standard input.
            source = "/proc/self/fd/0" if runner.account else str(password)
            initdb = [str(folder / platform.executable("initdb")), "-D", runner.place(place), "-U", user]
            options = [f"--pwfile={source}", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale"]
            _judge(runner.run([*initdb, *options], folder=place, file=file))
    finally:
        password.unlink(missing_ok=True)
    if database != "postgres":
        # The server's single-user mode needs no port and no password.
        quoted = database.replace('"', '""')
        server = [str(folder / platform.executable("postgres")), "--single", "-D", runner.place(place), "postgres"]
        _judge(runner.run(server, folder=place, text=f'CREATE DATABASE "{quoted}"\n'))


def _judge(done: subprocess.CompletedProcess[str]) -> None:
    """Raise the error of a program that failed.

    Raises:
        PostgresError: The program failed.
    """
    # The single-user server returns 0 when its SQL failed.
    if done.returncode or "ERROR:" in done.stdout:
        raise PostgresError(done.stdout.strip() or f"{Path(done.args[0]).name} exited with {done.returncode}")


def _remove_stale_lock(data: Path) -> None:
    """Remove the lock file of a killed server if its PID belongs to another process now.

    The server of another folder counts as such a process too.

    PostgreSQL itself only asks whether a process with this PID exists: a zombie, or another program after a restart of
    the machine, would keep it from starting.
    """
    import psutil

    from upready.runtime.native import env_mark

    file = data / LOCK
    try:
        process = psutil.Process(int(file.read_text("utf-8").split()[0]))
        if env_mark.lives(process) and process.name().startswith("postgres") and _runs_in(process, data):
            return
    except (psutil.Error, ValueError, IndexError):
        pass
    except FileNotFoundError:
        return
    file.unlink(missing_ok=True)


def _runs_in(process: psutil.Process, data: Path) -> bool:
    """Whether a server runs in a folder; True if that cannot be seen."""
    import psutil

    try:
        return data.samefile(process.cwd())
    except psutil.AccessDenied:
        return True
    except OSError:
        return False


def _version(folder: Path) -> str:
    """The major version of the programs: `18`."""
    done = subprocess.run(
        [str(folder / platform.executable("postgres")), "--version"], capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout.split()[-1].split(".")[0] if done.stdout else "unknown"


if __name__ == "__main__":
    sys.exit(main())
