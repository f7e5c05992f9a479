"""A new `.env` is looked at by compose before it takes the old one's place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ops import compose
from ops.dotenv import effective
from ops.dotenv.document import Document
from ops.errors import EnvFileError
from ops.stack import Stack


def verified(stack: Stack, before: Document, changes: Mapping[str, str]) -> Callable[[Path], None]:
    """A look at a new file: compose must read every change as it was meant, and everything else as before.

    Args:
        stack: Whose file it is.
        before: The file as it is now.
        changes: The variables that are written, and their values.

    Returns:
        What `file.write` calls with the new file; it raises `EnvFileError` where compose reads something else.
    """
    program = compose.program().command

    def read(path: Path) -> Mapping[str, str]:
        # Without the shell's own variables a reference within the file gives what the file says.
        return effective.read(program, stack.root, (), env_file=path, explicit=True).file

    def look(path: Path) -> None:
        after = read(path)
        wrong = [name for name, value in changes.items() if after.get(name, "") != value]
        with contextlib.suppress(effective.UnreadableError):
            # A file that compose cannot read has nothing to keep; the change may be what makes it readable.
            old = read(before.path) if before.exists else {}
            wrong += [name for name in old if name not in after]
            # What refers to a changed variable changes with it.
            wrong += [
                name for name in old if name not in changes and before.is_plain(name) and after.get(name) != old[name]
            ]
        if wrong:
            raise EnvFileError(
                f"nothing was written: compose would read {', '.join(sorted(set(wrong)))} otherwise than meant",
                next="put right what env.check finds in .env first: invoke env.check",
            )

    return look
