"""The proof of a backup, while something else is done that changes nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from upready.data.archive import Reader
from upready.support.errors import OpsError
from upready.support.pipes import ProgramError


class _OverError(Exception):
    """Nobody waits for the proof any more."""


@contextlib.contextmanager
def beside(reader: Reader) -> Iterator[Callable[[], None]]:
    """Prove a backup during the block; gives a function that waits for it, and raises what `Reader.prove` does.

    Where the block fails, and the backup is not whole, that is told: a broken file may be why it failed.

    Args:
        reader: The backup.

    Raises:
        BrokenError: The block failed, and the backup is not whole.
    """
    over = threading.Event()

    def go_on(_: int) -> None:
        if over.is_set():
            raise _OverError

    with ThreadPoolExecutor(1, "proof") as threads:
        proof = threads.submit(reader.prove, go_on)
        try:
            yield proof.result
        except (OpsError, ProgramError, OSError):
            proof.result()
            raise
        finally:
            over.set()
