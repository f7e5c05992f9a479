"""A stack with the `.env` that is not written yet: its values lie in a folder of their own while they are asked for.

So a dry run, and `doctor` on a new machine, read the same model as the start that writes `.env` first.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from upready.dotenv import creation, writer
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.support import files, platform

_OVERRIDE = "env-file.yaml"


def is_missing(stack: Stack) -> bool:
    """Whether `.env` is not there, is read, and could be written: there is a schema."""
    return stack.reads_env and files.there(stack.example) and not files.there(stack.env_file)


@contextlib.contextmanager
def stack_with(stack: Stack, known: Mapping[str, str] | None = None) -> Iterator[tuple[Stack, tuple[str, ...] | None]]:
    """The stack with the `.env` that `creation.initialise` would leave, and the variables that it would add.

    Nothing of the project is written. The names are None where nothing would be written at all.

    Args:
        stack: The stack.
        known: Values that are known already, by variable.

    Raises:
        UsageError: There is no schema.
        EnvFileError: The schema is broken, `.env` could not be written, or compose would read other values.
    """
    made = creation.draft(stack, known)
    if made is None:
        yield stack, None
        return
    writer.check_possible(stack.env_file)
    with tempfile.TemporaryDirectory() as folder:
        drafted = place(stack, made, Path(folder))
        made.verify(drafted.env_file)
        yield drafted, made.names


def place(stack: Stack, made: creation.Draft, folder: Path) -> Stack:
    """Put a draft into a folder, private to this user; returns the stack that takes its values from there."""
    draft = folder / ".env"
    platform.write_private(draft, made.text)
    # The schema is looked for beside the values.
    shutil.copyfile(stack.example, folder / stack.example.name)
    drafted = dataclasses.replace(stack, variable_files=(draft,))
    override = _override(drafted, stack.env_file, draft)
    if not override:
        return drafted
    (folder / _OVERRIDE).write_text(override, encoding="utf-8")
    return dataclasses.replace(drafted, files=(*stack.files, folder / _OVERRIDE))


def _override(stack: Stack, env_file: Path, draft: Path) -> str:
    """A compose file by which services that get all of `.env` (`env_file`) get all of the draft; empty without one."""
    if not any(b"env_file" in (files.read(file) or b"") for file in stack.files):
        return ""
    line = compose.command(stack, "config", "--no-env-resolution", "--format", "json")
    result = compose_call.run(line, cwd=stack.root, env=stack.variables, timeout=compose.MERGE)
    if result.code:
        return ""
    lines = []
    for name, service in (compose_call.document(result).get("services") or {}).items():
        entries = [each if isinstance(each, dict) else {"path": each} for each in service.get("env_file") or []]
        mine = [each for each in entries if files.real(Path(each["path"])) == files.real(env_file)]
        for each in mine:
            each["path"] = str(draft).replace("$", "$$")
        if mine:
            lines.append(f"  {json.dumps(name)}: {{env_file: !override {json.dumps(entries)}}}\n")
    return "services:\n" + "".join(lines) if lines else ""
