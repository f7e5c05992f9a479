"""A new `.env` is looked at by compose before it takes the old one's place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from upready.dotenv import compose_values
from upready.envfile.document import Document
from upready.stack import compose
from upready.stack.env_file_error import UnreadableError
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError


def verified(
    stack: Stack, before: Document, changes: Mapping[str, str | None], example: Document | None = None
) -> Callable[[Path], None]:
    """A look at a new file: compose must read every change as it was meant, and everything else as before.

    Args:
        stack: Whose file it is.
        before: The file as it is now.
        changes: The variables that are written, and their values; None for what compose reads in the example.
        example: The schema that values, or a whole new file, are copied from.

    Returns:
        What `file.write` calls with the new file; it raises `EnvFileError` where compose reads something else.
    """
    program = compose.program().command
    source = example if example is not None and not before.exists else before

    def read(path: Path) -> Mapping[str, str]:
        # Without the shell's own variables a reference within the file gives what the file says.
        return compose_values.read(program, stack.root, (), env_file=path, explicit=True).file

    def look(path: Path) -> None:
        try:
            after = read(path)
        except UnreadableError as error:
            # What is wrong stands in a file that people know, at the same line or near it.
            told = UnreadableError(source.path, error.reason, error.line)
            raise EnvFileError(f"nothing was written: {told.message}", next=told.next) from None
        wrong = [name for name, value in changes.items() if value is not None and after.get(name, "") != value]
        wrong += _not_as_in(example, [name for name, value in changes.items() if value is None], after)
        with contextlib.suppress(UnreadableError):
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

    def _not_as_in(example: Document | None, names: list[str], after: Mapping[str, str]) -> list[str]:
        if example is None or not names:
            return []
        meant: Mapping[str, str] = {}
        with contextlib.suppress(UnreadableError):
            meant = read(example.path)
        # What refers to other variables says here what those are here.
        return [
            name
            for name in names
            if name not in after or (example.is_plain(name) and after[name] != meant.get(name, after[name]))
        ]

    return look
