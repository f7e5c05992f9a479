"""Encryption of backups to a recipient, by `age`: who makes a backup need not be able to read it.

Each part of a backup is a file of its own that `age --decrypt` reads; the manifest stays readable.
"""

from __future__ import annotations

import contextlib
import io
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.stack import compose_variables
from upready.support import extras, files, next_step
from upready.support.errors import DataError, EnvFileError, UsageError
from upready.support.pipes import PIECE

if TYPE_CHECKING:
    from upready.stack.selection import Stack

SUFFIX = ".age"
"""What ends the name of an encrypted member."""

VARIABLE = "BACKUP_RECIPIENT"
"""The variable in `.env` that names the recipients, with commas between them."""

_AHEAD = 8
"""Pieces that one side may be ahead of the other."""


def recipients(stack: Stack) -> str:
    """To whom the backups of a stack are encrypted; empty for nobody.

    Raises:
        EnvFileError: It is no public key of age or SSH.
        UsageError: What encrypts is not installed.
    """
    text = compose_variables.variable(stack.read_files, VARIABLE).strip()
    if text:
        _parsed(text)
    return text


@contextlib.contextmanager
def encrypting(recipient: str, write: Callable[[bytes], None]) -> Iterator[Callable[[bytes], None]]:
    """A function that takes plain bytes, and writes encrypted ones, for the block."""
    import pyrage

    keys = _parsed(recipient)
    passed: queue.Queue[bytes] = queue.Queue(_AHEAD)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            pyrage.encrypt_io(_Taken(passed), _Given(write), keys)
        except BaseException as error:  # noqa: BLE001 - told in the thread that gives the bytes
            failed.append(error)

    thread = threading.Thread(target=run, name="encryption", daemon=True)
    thread.start()

    def give(piece: bytes) -> None:
        while piece or thread.is_alive():
            if failed:
                raise failed[0]
            with contextlib.suppress(queue.Full):
                passed.put(piece, timeout=0.5)
                return

    try:
        yield lambda piece: give(piece) if piece else None
    finally:
        give(b"")
        thread.join()
    if failed:
        raise failed[0]


class Decrypted(io.RawIOBase):
    """An encrypted part, read as plain bytes.

    Args:
        source: The encrypted bytes, which nobody else reads; closed at the end.
        identity: The file with the secret key.
        name: Whose they are, for the error.
    """

    def __init__(self, source: io.RawIOBase, identity: Path, name: str) -> None:
        super().__init__()
        self._passed: queue.Queue[bytes] = queue.Queue(_AHEAD)
        self._held, self._over, self._name = b"", threading.Event(), name
        self._failed: list[BaseException] = []
        keys = _identities(identity)
        threading.Thread(target=self._run, args=(source, keys), name="decryption", daemon=True).start()

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; all that are left for -1.

        Raises:
            DataError: The key is another one, or the bytes are not as they were written.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        if not self._held:
            self._held = self._passed.get()
            if not self._held:
                self._passed.put(b"")  # for whoever asks again
        if not self._held and self._failed:
            raise DataError(
                f"{self._name} cannot be decrypted: {self._failed[0]}",
                details=["nothing was changed"],
                next=f"with the key of its recipient: {next_step.again('--identity', 'key.txt')}",
            ) from self._failed[0]
        found, self._held = self._held[:size], self._held[size:]
        return found

    def close(self) -> None:
        """Stop reading."""
        if hasattr(self, "_over"):
            self._over.set()
        super().close()

    def _run(self, source: io.RawIOBase, keys: list[Any]) -> None:
        import pyrage

        try:
            with source:
                pyrage.decrypt_io(source, _Given(self._put), keys)
        except BaseException as error:  # noqa: BLE001 - told where it is read
            self._failed.append(error)
        with contextlib.suppress(BrokenPipeError):
            self._put(b"")

    def _put(self, piece: bytes) -> None:
        while not self._over.is_set():
            with contextlib.suppress(queue.Full):
                self._passed.put(piece, timeout=0.5)
                return
        raise BrokenPipeError


class _Taken:
    """What is read from a queue, until an empty piece."""

    def __init__(self, passed: queue.Queue[bytes]) -> None:
        self._passed, self._held, self._ended = passed, b"", False

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes."""
        if not self._held and not self._ended:
            self._held = self._passed.get()
            self._ended = not self._held
        count = len(self._held) if size < 0 else size
        found, self._held = self._held[:count], self._held[count:]
        return found


class _Given:
    """A file to write to, which hands each piece on."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def write(self, piece: bytes) -> int:
        """Hand it on."""
        if piece:
            self._write(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""


def _parsed(text: str) -> list[Any]:
    try:
        import pyrage
    except ImportError:
        raise UsageError(f"{VARIABLE} is set, and what encrypts is not installed", next=extras.command("age")) from None
    found = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        kind = pyrage.ssh if each.startswith("ssh-") else pyrage.x25519
        try:
            found.append(kind.Recipient.from_str(each))
        except pyrage.RecipientError as error:
            raise EnvFileError(
                f"{VARIABLE} names no recipient: {error}",
                details=["it is a public key: age1… (by age-keygen), or ssh-ed25519 …"],
                next=f"invoke env.set {VARIABLE}",
            ) from error
    return found


def _identities(path: Path) -> list[Any]:
    """The secret keys in a file, as `age-keygen` or `ssh-keygen` writes it.

    Raises:
        UsageError: There is no such file, or no key in it.
    """
    try:
        import pyrage
    except ImportError:
        raise UsageError("what decrypts is not installed", next=extras.command("age")) from None
    data = files.read(path) or b""
    try:
        if b"PRIVATE KEY-----" in data:
            return [pyrage.ssh.Identity.from_buffer(data)]
        lines = data.decode("utf-8", "replace").splitlines()
        found = [pyrage.x25519.Identity.from_str(line.strip()) for line in lines if line.startswith("AGE-SECRET-KEY-")]
    except pyrage.IdentityError:
        found = []
    if not found:
        raise UsageError(f"{path} holds no secret key of age or SSH", next=next_step.again("--identity", "key.txt"))
    return found
