"""Setting one variable: checked against the schema, written so that compose reads back exactly that value."""

from __future__ import annotations

import os
import re

from upready.dotenv import edit, file, schema, usages
from upready.dotenv.context import Context
from upready.dotenv.schema import Schema, Variable
from upready.dotenv.similar_names import SimilarNames
from upready.dotenv.usages import Uses, is_builtin
from upready.dotenv.write_check import verified
from upready.envfile import document
from upready.envfile.quoting import UnwritableError
from upready.stack import compose
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError, UsageError


def find(stack: Stack, name: str, value: str = "") -> tuple[Variable, bool]:
    """The variable that is to be set, and whether a value for it is a secret; without one, whether it will be.

    Raises:
        UsageError: It is no name for a variable, or nothing knows it.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        what = "this is no name for a variable" if name else "there is no name for a variable"
        raise UsageError(what, next="invoke env.set NAME=VALUE, or invoke env.set NAME to be asked for the value")
    example = schema.read(stack.example)
    _known(stack, example, name)
    return example.variables.get(name, Variable(name)), example.sensitive(name, value)


def judge(stack: Stack, variable: Variable, value: str) -> str | None:
    """Why the schema refuses a value; None when it does not."""
    if not value.strip():
        example, doc = schema.read(stack.example), document.read(stack.env_file)

        def text(name: str) -> str:
            entry = doc.get(name)
            return os.environ.get(name, (entry.parsed if entry is not None else None) or "")

        required = example.required(variable.name, stack.environment, text)
        return "is required, and cannot be empty" if required else None
    return variable.kind.test(value) if variable.kind is not None else None


def doubt(stack: Stack, name: str, value: str) -> str | None:
    """What speaks against a value that nothing refuses: its type is guessed, where the schema declares none."""
    example = schema.read(stack.example)
    variable = example.variables.get(name)
    if variable is None or not value.strip():
        return None
    context = Context(stack.root, stack.environment, stack.strict, document.read(stack.env_file), example)
    kind = context.guess(variable)
    return kind.test(value) if kind is not None else None


def change(stack: Stack, name: str, value: str) -> None:
    """Give a variable a value in `.env`, and change nothing else there.

    Raises:
        UsageError: The schema refuses the name or the value, or no `.env` file can hold it.
        EnvFileError: The file cannot be written, or compose would not read it as meant.
    """
    variable, _ = find(stack, name)
    wrong = judge(stack, variable, value)
    if wrong is not None:
        example = f", such as {variable.example}" if variable.example else ""
        details = [f"what it is: {variable.description}"] if variable.description else []
        raise UsageError(f"{name} {wrong}", details=details, next=f"choose another value{example}")
    with file.writing(stack.env_file.parent):
        doc = document.read(stack.env_file)
        if doc.undecodable:
            raise EnvFileError(".env is not UTF-8, so nothing was changed", next="save it as UTF-8: invoke env.check")
        try:
            text = edit.change(doc, {name: value}, {name: variable} if variable.block else None)
        except UnwritableError as error:
            raise UsageError(f"{name}: {error}", next=f"choose another value: invoke env.set {name}") from None
        file.write(stack.env_file, text, verified(stack, doc, {name: value}))


def _known(stack: Stack, example: Schema, name: str) -> None:
    """Refuse a name that is in no schema and no compose file: it would be set, and read by nothing."""
    if not example.variables or name in example.variables or is_builtin(name):
        return
    context = Context(stack.root, stack.environment, stack.strict, document.unread(stack.env_file), example)
    used = {use.name for use in usages.locate(stack.files, stack.root)}
    if name in used or context.is_described(name):
        return
    everything = _merged(stack)
    used |= everything.names()
    meant = SimilarNames([*example.variables, *used, *sorted(usages.STEERING)]).closest(name)
    # What a service gets with all that is in the file, it may know.
    if name in used or (meant is None and everything.readers(stack.env_file)):
        return
    raise UsageError(
        f"{name} is not in {example.path.name}" + (f"; did you mean {meant}?" if meant else ""),
        next=f"invoke env.set {meant}" if meant else f"describe it in {example.path.name} first",
    )


def _merged(stack: Stack) -> Uses:
    """What the stack uses, included files too; nothing where compose cannot merge it."""
    merged = usages.merge(compose.command(stack), stack.root, stack.variables)
    if merged.code:
        return Uses()
    return usages.build(merged.stdout, [], [], stack.directory, stack.profiles, given={**os.environ, **stack.variables})
