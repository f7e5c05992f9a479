"""Set one variable: the schema must accept the value, and compose must read back exactly this value."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from upready.dotenv import edit, schema, usages, writer
from upready.dotenv.context import Context
from upready.dotenv.schema import Schema, Variable
from upready.dotenv.similar_names import SimilarNames
from upready.dotenv.usages import Uses, is_builtin
from upready.dotenv.write_check import verified
from upready.envfile import document
from upready.envfile.quoting import UnwritableError
from upready.stack.selection import Stack
from upready.support import shell_words
from upready.support.errors import EnvFileError, UsageError
from upready.support.next_step import AGAIN


def find(stack: Stack, name: str, value: str = "") -> tuple[Variable, bool]:
    """The variable to set, and whether the value is secret; for an empty value, whether a value would be.

    Raises:
        UsageError: The name is not valid, or it is known nowhere.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        what = (
            f"{name!r} is not a valid variable name (letters, digits, _)" if name else "the variable's name is missing"
        )
        meant = re.sub(r"^(?=\d)|\W", "_", name, flags=re.ASCII).upper()
        details = ["NAME=VALUE sets it, NAME alone asks for the value"]
        step = f"invoke env.set {meant}" if meant.strip("_") else "invoke env.show"
        raise UsageError(what, details=details, next=step)
    example = schema.read(stack.example)
    _known(stack, example, name)
    return example.variables.get(name, Variable(name)), example.sensitive(name, value)


def file_of(stack: Stack, name: str) -> Path:
    """The file in which a change of a variable counts: of those that compose reads, the last one that sets it.

    Where none sets it, it is `.env`, unless compose reads only others.

    Raises:
        EnvFileError: A file cannot be read.
    """
    for file in reversed(stack.read_files):
        if document.read(file).get(name) is not None:
            return file
    return stack.values_file or stack.env_file


def judge(stack: Stack, variable: Variable, value: str) -> str | None:
    """Why the schema refuses a value; None if it accepts the value."""
    if not value.strip():
        example, doc = schema.read(stack.example), document.read(stack.env_file)

        def text(name: str) -> str:
            entry = doc.get(name)
            return os.environ.get(name, (entry.parsed if entry is not None else None) or "")

        required = example.required(variable.name, stack.environment, text)
        return "is required, and cannot be empty" if required else None
    return variable.kind.test(value) if variable.kind is not None else None


def doubt(stack: Stack, name: str, value: str) -> str | None:
    """A doubt about an accepted value: it does not fit the type that is guessed if the schema declares none."""
    example = schema.read(stack.example)
    variable = example.variables.get(name)
    if variable is None or not value.strip():
        return None
    context = Context(stack.root, stack.environment, stack.strict, document.read(stack.env_file), example)
    kind = context.guess(variable)
    return kind.test(value) if kind is not None else None


def change(stack: Stack, name: str, value: str, *, dry: bool = False) -> None:
    """Set a variable in the file in which it counts, and change nothing else there.

    Args:
        stack: The stack.
        name: The variable.
        value: Its value.
        dry: Whether only to find out that it could be set.

    Raises:
        UsageError: The schema refuses the name or the value, or no `.env` file can hold it.
        EnvFileError: The file cannot be written, or compose would read another value.
    """
    variable, sensitive = find(stack, name, value)
    wrong = judge(stack, variable, value)
    if wrong is not None:
        details = [f"{name}: {variable.description}"] if variable.description else []
        example = f"={shell_words.word(variable.example)}" if variable.example and not sensitive else ""
        raise UsageError(f"{name} {wrong}", details=details, next=f"invoke env.set {name}{example}")
    root = stack.env_file.parent
    with contextlib.nullcontext() if dry else writer.locked(root):
        file = file_of(stack, name)
        doc = document.read(file)
        if doc.undecodable:
            what = f"{file.name} is not UTF-8, so nothing was changed"
            raise EnvFileError(what, next=f"save it as UTF-8, then: {AGAIN}")
        try:
            text = edit.change(doc, {name: value}, {name: variable} if variable.block else None)
        except UnwritableError as error:
            raise UsageError(f"{name}: {error}", next=f"with another value: invoke env.set {name}") from None
        verify = verified(stack, doc, {name: value})
        if dry:
            writer.rehearse(file, text, verify)
        else:
            writer.write(file, text, verify, root=root)


def _known(stack: Stack, example: Schema, name: str) -> None:
    """Refuse a name that is in no schema and no compose file: nothing would read the variable."""
    if not example.variables or name in example.variables or is_builtin(name):
        return
    context = Context(stack.root, stack.environment, stack.strict, document.unread(stack.env_file), example)
    used = {use.name for use in usages.locate(stack.files, stack.root)}
    if name in used or context.is_described(name):
        return
    everything = _merged(stack)
    used |= everything.names()
    meant = SimilarNames([*example.variables, *used, *sorted(usages.STEERING)]).closest(name)
    # A service that gets the whole file may read any name, unless the name looks like a typing error.
    if name in used or (meant is None and everything.readers(stack.env_file)):
        return
    raise UsageError(
        f"{name} is not in {example.path.name}" + (f"; did you mean {meant}?" if meant else ""),
        next=f"invoke env.set {meant}" if meant else f"describe it in {example.path.name}, then: {AGAIN}",
    )


def _merged(stack: Stack) -> Uses:
    """The uses of variables, also in included files; empty if compose cannot merge the files."""
    merged = usages.merge(stack)
    if merged.code:
        return Uses()
    return usages.build(stack, merged.stdout, given={**os.environ, **stack.variables})
