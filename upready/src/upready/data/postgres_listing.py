"""What PostgreSQL's own program lists of a dump, while the dump passes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from upready.support import pipes
from upready.support.pipes import Call


@contextlib.contextmanager
def lister(program: Call) -> Iterator[tuple[Callable[[bytes], bool], Callable[[], list[str]]]]:
    """`pg_restore --list` on a dump that is fed to it in the block, piece by piece.

    Gives a function that takes a piece, and is False once no more are wanted; and one that gives the lines of the list,
    for after the block.

    Raises:
        ProgramError: It is no dump.
    """
    lines: list[str] = []

    def read() -> None:
        # Where the block fails, the pipe may be closed before this thread has read its end.
        with contextlib.suppress(OSError, ValueError):
            lines.extend(b"".join(pipes.pieces(running.stdout)).decode("utf-8", "replace").splitlines())

    with pipes.child(program) as running:
        reader = threading.Thread(target=read, name="list", daemon=True)
        reader.start()
        wants = True

        def feed(piece: bytes) -> bool:
            nonlocal wants
            if wants:
                try:
                    pipes.write_whole(running.stdin, piece)
                except OSError:  # it has read what it wanted, or has refused it: then its exit code tells
                    wants = False
            return wants

        yield feed, lambda: lines
        with contextlib.suppress(OSError):
            running.stdin.close()
        reader.join()
