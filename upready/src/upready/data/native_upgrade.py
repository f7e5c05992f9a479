"""PostgreSQL's next major version for a folder of this machine: made beside the old data, then put in their place.

`data.new` is being made, `data.ready` is whole and has the rows; `before_VERSION` are the old data. Whoever starts the
service, or upgrades again, goes on with what was cut off: see `upready.runtime.native.postgres.settle`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from upready.data import postgres_upgrade
from upready.data.postgres import Server
from upready.runtime.native import copies, executables, paths, postgres, user
from upready.support import next_step, pipes, platform
from upready.support.errors import DataError
from upready.support.pipes import Call

NEW = "data.new"

TAKEN = ("pg_hba.conf", "pg_ident.conf", postgres.DONE)
"""Files of the old data that count for the new ones, too."""

_PATIENCE = "600"


@dataclass(frozen=True)
class Upgrade:
    """An upgrade of a native service's data.

    Attributes:
        data: Its folder.
        old: The version of the data.
        new: The version that is to have them.
        environment: The service's variables: POSTGRES_USER and the others.
    """

    data: Path
    old: int
    new: int
    environment: Mapping[str, str]

    def fill(self, tell: Callable[[int], None]) -> dict[str, dict[str, int]]:
        """Make the new data beside the old ones; the rows of each table, by database, which both have.

        Raises:
            DataError: They do not have the same rows, or a program refuses something.
            ProgramError: As that.
            EngineError: The programs of a version are not on this machine.
        """
        fresh = self.data.with_name(NEW)
        shutil.rmtree(fresh, ignore_errors=True)
        runner = user.of(self.data)
        programs = {each: copies.usable(executables.postgres(each), runner) for each in (self.old, self.new)}
        # The service's own database comes with the dump.
        made = {**self.environment, "POSTGRES_DB": "postgres"}
        postgres.prepare(fresh, runner, programs[self.new], made)
        with self._serving(self.data, programs[self.old], programs[self.new]) as old:
            rows = {each.name: old.rows(each.name) for each in old.databases()}
            with self._serving(fresh, programs[self.new], programs[self.new]) as new:
                self._copy(old, new, tell)
                found = {each.name: new.rows(each.name) for each in new.every_database()}
        if wrong := postgres_upgrade.differing(rows, found):
            raise DataError("the new version does not have the same rows", details=wrong[:20], next=next_step.AGAIN)
        for name in TAKEN:
            with contextlib.suppress(FileNotFoundError):
                shutil.copy2(self.data / name, fresh / name)
        runner.give(fresh)
        return rows

    def swap(self) -> str:
        """Put the new data in the place of the old ones; the name of the folder in which these stay."""
        platform.patiently(lambda: self.data.with_name(NEW).rename(self.data.with_name(paths.READY)))
        return postgres.settle(self.data)

    def discard(self) -> None:
        """Remove new data that were not put in the place of the old ones."""
        shutil.rmtree(self.data.with_name(NEW), ignore_errors=True)

    def _copy(self, old: Server, new: Server, tell: Callable[[int], None]) -> None:
        name = self.environment["POSTGRES_USER"]
        with (
            pipes.child(old.program("pg_dumpall", "--no-password")) as dump,
            pipes.child(new.program("psql", "-Xqo", os.devnull, "-v", "ON_ERROR_STOP=1", "-d", "postgres")) as taking,
        ):
            for piece in postgres_upgrade.without_role(pipes.pieces(dump.stdout), name):
                pipes.write_whole(taking.stdin, piece)
                tell(len(piece))
        pipes.output(new.program("vacuumdb", "--all", "--analyze-only", "--quiet", "--no-password"))

    @contextlib.contextmanager
    def _serving(self, data: Path, programs: Path, tools: Path) -> Iterator[Server]:
        """A server on some data that only this machine reaches, for the block.

        Args:
            data: The data.
            programs: The folder of the server's programs.
            tools: The folder of the programs that ask it: those of the new version.
        """
        runner, port = user.of(data), _port()
        place = runner.place(data)
        control = [str(programs / platform.executable("pg_ctl")), "-D", place, "-t", _PATIENCE, "-w"]
        options = f"-p {port} {' '.join(postgres.SOCKET_FREE)}"
        # One that a killed upgrade has left is ended first.
        runner.run([*control, "-m", "fast", "stop"], folder=data)
        log = data / "upgrade.log"
        done = runner.run([*control, "-l", "upgrade.log", "-o", options, "start"], folder=data)
        if done.returncode:
            said = log.read_text("utf-8", "replace").splitlines() if log.exists() else done.stdout.splitlines()
            raise DataError(f"the server for {data} did not start", details=said[-10:], next=next_step.AGAIN)
        variables = {
            **platform.machine_environment(),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": self.environment["POSTGRES_USER"],
            "PGPASSWORD": self.environment["POSTGRES_PASSWORD"],
            "PGDATABASE": self.environment["POSTGRES_DB"] if data == self.data else "postgres",
        }

        def call(words: Sequence[str]) -> Call:
            return Call([str(tools / platform.executable(words[0])), *words[1:]], None, variables)

        try:
            yield Server(call, in_container=False)
        finally:
            runner.run([*control, "-m", "fast", "stop"], folder=data)
            log.unlink(missing_ok=True)


def forget(data: Path) -> list[str]:
    """Remove the old data that upgrades have kept; returns their folders."""
    kept = sorted(data.parent.glob("before_[0-9]*"))
    for each in kept:
        shutil.rmtree(each)
    return [each.name for each in kept]


def _port() -> int:
    """A port of this machine that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
