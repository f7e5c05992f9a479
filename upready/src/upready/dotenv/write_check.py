"""Compose reads a new `.env` before it replaces the old one."""

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
    """A check of a new file: compose must read each new value exactly, and all other values as before.

    Args:
        stack: The stack.
        before: The file as it is now.
        changes: The variables that are written, and their values; None for a default, copied from the schema.
        example: The schema from which values, or a whole new file, are copied.

    Returns:
        A function for `writer.write`; it raises `EnvFileError` if compose reads another value.
    """
    program = compose.program().command
    source = example if example is not None and not before.exists else before

    def read(path: Path) -> Mapping[str, str]:
        # The values of the file alone, not those of the shell.
        return compose_values.read(program, stack.root, (), env_file=path, explicit=True).file

    def look(path: Path) -> None:
        try:
            after = read(path)
        except UnreadableError as error:
            # Name the file that the user knows; the mistake is at the same line or near it.
            known = UnreadableError(source.path, error.reason, error.line)
            raise EnvFileError(f"nothing was written: {known.message}", next=known.next) from None
        wrong = [name for name, value in changes.items() if value is not None and after.get(name, "") != value]
        wrong += _not_as_in(example, [name for name, value in changes.items() if value is None], after)
        with contextlib.suppress(UnreadableError):
            # If compose cannot read the old file, there are no old values; the change may even repair the file.
            old = read(before.path) if before.exists else {}
            wrong += [name for name in old if name not in after]
            # A value with a reference to a changed variable may change too.
            wrong += [
                name for name in old if name not in changes and before.is_plain(name) and after.get(name) != old[name]
            ]
        if wrong:
            raise EnvFileError(
                f"nothing was written: compose would read another value of {', '.join(sorted(set(wrong)))}",
                next="invoke env.check",
            )

    def _not_as_in(example: Document | None, names: list[str], after: Mapping[str, str]) -> list[str]:
        if example is None or not names:
            return []
        meant: Mapping[str, str] = {}
        with contextlib.suppress(UnreadableError):
            meant = read(example.path)
        # A value with references may differ, because the other variables differ here.
        return [
            name
            for name in names
            if name not in after or (example.is_plain(name) and after[name] != meant.get(name, after[name]))
        ]

    return look
