"""The data of Redis, Valkey and KeyDB, through their own programs where they run: their keys as one RDB file.

The password is what the container has it in: a variable, a secret file, the command line or the configuration. It goes
to the programs by standard input and their environment, which `ps` does not show.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from upready.data import container_values
from upready.runtime.interface import Container
from upready.support import pipes
from upready.support.errors import DataError
from upready.support.pipes import Call, Child, ProgramError, Readable

_PROGRAMS = r"""
tool() { for each in valkey redis keydb; do command -v "$each-$1" && return; done; }
IFS= read -r word
case $word in '$'*) word=$(value "${word#?}") ;; esac
conf() {
  [ ! -r "$settings" ] ||
    sed -n "s/^[[:space:]]*$1[[:space:]]\{1,\}\"\{0,1\}\([^\"]*\)\"\{0,1\}[[:space:]]*$/\1/p" "$settings" | tail -n 1
}
[ -n "$word" ] || word=$(value REDIS_PASSWORD VALKEY_PASSWORD KEYDB_PASSWORD)
[ -n "$word" ] || word=$(conf requirepass)
[ -n "$port" ] || port=$(conf port)
[ -z "$word" ] || export REDISCLI_AUTH="$word"
cli() { "$(tool cli)" -p "${port:-6379}" "$@"; }
"""

_MARK = 40
"""Bytes that end a transfer whose length the server did not know before; they are no part of the file."""

_PAUSE = 30_000
"""Milliseconds for which writers wait at most, where nobody asks for more: also where this task is killed."""

LASTING, EXPIRING = "lasting", "expiring"
"""Under which names keys are counted, in the place of rows."""

_PATIENCE = 600
"""Seconds that a server may take to load its keys, or to write them."""


@dataclass(frozen=True)
class Files:
    """Where a server keeps its keys.

    Attributes:
        folder: The folder in the container.
        rdb: The name of its RDB file.
        log: The name of its append-only file; of the folder of such files for a server of version 7 or later. Empty
            where it writes none.
        base: The name with which the files in that folder begin; empty for a single file.
    """

    folder: str
    rdb: str
    log: str
    base: str


class Server:
    """A Redis that runs in a container.

    Args:
        call: How a program is called where the server runs (`Runtime.piped`).
        container: Its container.
    """

    def __init__(self, call: Callable[[Sequence[str]], Call], container: Container) -> None:
        self._call = call
        self._words = _command(container)

    def ask(self, *words: str) -> list[str]:
        """What the server answers to a command, line by line.

        Raises:
            ProgramError: It refuses.
        """
        said = pipes.output(self._run('cli "$@"', *words), self._secret()).decode("utf-8", "replace")
        lines = [line.rstrip("\r") for line in said.splitlines()]
        if lines and re.match(
            r"(\(error\) )?(ERR|NOAUTH|WRONGPASS|NOPERM|LOADING|MASTERDOWN|MISCONF|BUSY)\b", lines[0]
        ):
            raise ProgramError(1, lines[:1])
        return lines

    def info(self, section: str) -> dict[str, str]:
        """A section of what the server tells of itself."""
        pairs = (line.partition(":") for line in self.ask("INFO", section))
        return {name: value for name, colon, value in pairs if colon}

    def version(self) -> str:
        """The server's version, with its maker: `Redis 7.2.5`, `Valkey 8.0.1`."""
        told = self.info("server")
        valkey = told.get("valkey_version")
        return f"Valkey {valkey}" if valkey else f"Redis {told.get('redis_version', '')}"

    def keys(self) -> dict[str, int]:
        """How many keys it has: those that last, and those that expire."""
        found = {LASTING: 0, EXPIRING: 0}
        for line in self.info("keyspace").values():
            told = dict(each.split("=", 1) for each in line.split(",") if "=" in each)
            found[LASTING] += int(told.get("keys", 0)) - int(told.get("expires", 0))
            found[EXPIRING] += int(told.get("expires", 0))
        return found

    def size(self) -> int:
        """Bytes of memory that it uses."""
        return int(self.info("memory").get("used_memory", 0))

    def files(self) -> Files:
        """Where it keeps its keys."""
        setting = self._setting
        if setting("appendonly") != "yes":
            return Files(setting("dir"), setting("dbfilename"), "", "")
        name, folder = setting("appendfilename") or "appendonly.aof", setting("appenddirname")
        return Files(setting("dir"), setting("dbfilename"), folder or name, name if folder else "")

    @contextlib.contextmanager
    def dump(self) -> Iterator[Iterator[bytes]]:
        """All keys at one moment, as an RDB file, piece by piece."""
        with pipes.child(self._run("cli --rdb -")) as running:
            pipes.write_whole(running.stdin, self._secret())
            running.stdin.close()
            yield unmarked(running.stdout)

    @contextlib.contextmanager
    def checker(self) -> Iterator[tuple[Callable[[bytes], None], Callable[[], dict[str, int]]]]:
        """The server's own program that reads an RDB file, which is fed to it in the block, piece by piece.

        Gives a function that takes a piece; and one that gives the numbers of keys, for after the block.

        Raises:
            ProgramError: The file is broken, or of a version that this server cannot read.
        """
        told: list[str] = []
        with pipes.child(self._run('"$(tool check-rdb)" /dev/stdin; exit $?')) as running:
            reader = threading.Thread(target=_keep, args=(running.stdout, told), name="keys", daemon=True)
            reader.start()
            pipes.write_whole(running.stdin, self._secret())

            def feed(piece: bytes) -> None:
                with contextlib.suppress(OSError):  # it has refused it: then its exit code tells
                    pipes.write_whole(running.stdin, piece)

            yield feed, lambda: counted(told)
            with contextlib.suppress(OSError):
                running.stdin.close()
            reader.join()
            _end(running, told)

    def check_file(self, path: str) -> dict[str, int]:
        """Have the same program read an RDB file of the container: the numbers of its keys.

        The engine gives out no file of a container while it starts a program there, and starts none while it gives out
        one: fed with a file from there, the program would wait for the file, and the file for the program.

        Args:
            path: The file's path in the container.

        Raises:
            ProgramError: It cannot be read, is broken, or of a version that this server cannot read.
        """
        told: list[str] = []
        with pipes.child(self._run('"$(tool check-rdb)" "$1"; exit $?', path)) as running:
            with contextlib.suppress(OSError):  # it has ended already: then its exit code tells
                pipes.write_whole(running.stdin, self._secret())
                running.stdin.close()
            _keep(running.stdout, told)
            _end(running, told)
        return counted(told)

    def hold(self) -> None:
        """Let writers wait for a moment, and write all keys to the disk: what the server then has is what is there."""
        self._pause()
        self._wait_saved()  # what is being written already was begun before
        self.ask("BGSAVE")
        self._wait_saved()
        if self.info("persistence").get("rdb_last_bgsave_status") != "ok":
            raise DataError("the server cannot write its keys to its disk", next="invoke logs")

    def _wait_saved(self) -> None:
        until = time.monotonic() + _PATIENCE
        while self.info("persistence").get("rdb_bgsave_in_progress") == "1":
            if time.monotonic() > until:
                raise DataError("the server did not write its keys to its disk in time", next="invoke logs")
            self._pause()
            time.sleep(0.2)

    def release(self) -> None:
        """Let writers go on; a server that was started anew has nobody waiting."""
        with contextlib.suppress(ProgramError):
            self.ask("CLIENT", "UNPAUSE")

    def _pause(self) -> None:
        with contextlib.suppress(ProgramError):  # before version 6.2 it would let this program wait as well
            self.ask("CLIENT", "PAUSE", str(_PAUSE), "WRITE")

    def await_keys(self) -> dict[str, int]:
        """Wait until a server that was started has loaded its keys; then `keys`.

        Raises:
            DataError: It does not answer in time.
        """
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                if self.info("persistence").get("loading") == "0":
                    return self.keys()
            except ProgramError as error:
                last = str(error)
            else:
                last = "it is loading"
            if time.monotonic() > until:
                raise DataError(f"the server did not load its keys: {last}", next="invoke logs")
            time.sleep(0.1)

    def loaded(self) -> int | None:
        """How many keys its file had when it was started, also those that had expired; None before version 7."""
        told = self.info("persistence")
        counts = [told.get(f"rdb_last_load_keys_{each}") for each in ("loaded", "expired")]
        return sum(int(each) for each in counts if each) if all(counts) else None

    def _setting(self, name: str) -> str:
        told = self.ask("CONFIG", "GET", name)
        return told[1] if len(told) > 1 else ""

    def _run(self, script: str, *words: str) -> Call:
        port, file = self._words[1:]
        head = f"{container_values.SCRIPT}port={shlex.quote(port)} settings={shlex.quote(file)}{_PROGRAMS}"
        return self._call(["sh", "-c", f"{head}{script}", "sh", *words])

    def _secret(self) -> bytes:
        return f"{self._words[0]}\n".encode()


def unmarked(source: Readable) -> Iterator[bytes]:
    """A transfer without the mark that a server sets behind a file whose length it did not know before."""
    held = b""
    for piece in pipes.pieces(source):
        held += piece
        if len(held) > _MARK + 9:
            yield held[: -_MARK - 9]
            held = held[-_MARK - 9 :]
    # The last byte of a file before its checksum is 255.
    marked = len(held) == _MARK + 9 and held[0] == 255 and re.fullmatch(rb"[0-9a-f]{40}", held[9:])
    yield held[:-_MARK] if marked else held


def counted(told: Sequence[str]) -> dict[str, int]:
    """The numbers of keys in what the program says that checks an RDB file."""
    text = "\n".join(told)
    keys, expiring = (re.search(rf"\[info\] (\d+) {word}", text) for word in ("keys read", "expires"))
    every, some = int(keys[1]) if keys else 0, int(expiring[1]) if expiring else 0
    return {LASTING: every - some, EXPIRING: some}


def fits(found: dict[str, int], wanted: dict[str, int]) -> bool:
    """Whether keys are those of a backup: some may have expired since."""
    return found[LASTING] == wanted.get(LASTING) and found[EXPIRING] <= wanted.get(EXPIRING, 0)


def is_loaded(found: dict[str, int], loaded: int | None, wanted: dict[str, int]) -> bool:
    """Whether a server that was started has loaded a backup's keys. Writers may have been at work since.

    Args:
        found: The keys that it has now.
        loaded: How many it has loaded; None where it does not tell, then `found` is all that is known.
        wanted: The keys of the backup.
    """
    return found[LASTING] >= wanted.get(LASTING, 0) if loaded is None else loaded == sum(wanted.values())


def _keep(source: IO[bytes], told: list[str]) -> None:
    # Where the block fails, the pipe may be closed before this thread has read its end.
    with contextlib.suppress(OSError, ValueError):
        told.extend(b"".join(pipes.pieces(source)).decode("utf-8", "replace").splitlines())


def _end(running: Child, told: Sequence[str]) -> None:
    """Wait for the program that checks an RDB file; what it has told stands in its error."""
    try:
        running.wait()
    except ProgramError as error:
        raise ProgramError(error.code, [*error.said, *(line for line in told if "[" in line)][-5:]) from error


def _command(container: Container) -> tuple[str, str, str]:
    """What a container's command says: a password (or `$NAME`), a port, a file of settings; empty for none."""
    config = container.raw.get("Config") or {}
    words = [str(each) for each in [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]]
    if "-c" in words[:-1]:  # a line for a shell
        with contextlib.suppress(ValueError):
            words = shlex.split(words[words.index("-c") + 1])
    given = dict(itertools.pairwise(words))
    variable = re.fullmatch(r"\$\{?(\w+)\}?", given.get("--requirepass", ""))
    word = f"${variable[1]}" if variable else given.get("--requirepass", "")
    return word, given.get("--port", ""), next((each for each in words if each.endswith(".conf")), "")
