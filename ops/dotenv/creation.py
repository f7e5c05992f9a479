"""Making a `.env`, or completing one: defaults, generated secrets, answers. Nothing that has a value is changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from ops.dotenv import document, edit, file, schema
from ops.dotenv.document import Document
from ops.dotenv.schema import Variable
from ops.dotenv.verification import verified
from ops.errors import EnvFileError, UsageError
from ops.stack import Stack

Ask = Callable[[Variable], str]
"""Asks a person for a variable's value; an empty answer leaves it open."""


def initialise(stack: Stack, *, ask: Ask | None = None, everything: bool = False) -> list[str]:
    """Write a missing `.env`; add to an existing one what it needs, at its place, and fill generated secrets.

    Args:
        stack: Whose `.env`.
        ask: Asks for what only a person knows; None asks nothing and leaves it empty.
        everything: Add optional variables that an existing file lacks, too.

    Returns:
        The names that were generated, answered or added; for a new file, the generated and answered ones.

    Raises:
        EnvFileError: There is no schema to write it from, or the file cannot be written.
    """
    example = schema.read(stack.example)
    if not example.exists:
        raise UsageError(f"{stack.example.name} is missing, so nothing says what .env may hold")
    if example.broken is not None:
        place = f"{stack.example.name}:{example.broken.line}:{example.broken.column}"
        raise EnvFileError(f"{place}: {example.broken.message}", next="correct it, then look: invoke env.check")
    with file.writing(stack.root):
        doc = document.read(stack.env_file)
        if doc.undecodable:
            raise EnvFileError(".env is not UTF-8, so nothing was changed", next="save it as UTF-8: invoke env.check")
        new = not doc.exists
        base = document.parse(example.text.encode(), stack.env_file) if new else doc
        values = _values(base, example.variables.values(), stack.environment, ask, everything=everything)
        if not new and not values:
            return []
        text = edit.complete(base, example.variables.values(), values)
        file.write(stack.env_file, text, verified(stack, doc, values))
    return list(values)


def generate(length: int) -> str:
    """A secret that needs no quoting anywhere: letters, digits, `-` and `_`, no sign at either end."""
    while True:
        text = secrets.token_urlsafe(length)[:length]
        if text[0].isalnum() and text[-1].isalnum():
            return text


def _values(
    doc: Document, variables: Iterable[Variable], environment: str, ask: Ask | None, *, everything: bool
) -> dict[str, str]:
    """What is to be added to a file, or filled in it."""
    found: dict[str, str] = {}
    for variable in variables:
        entry = doc.get(variable.name)
        if entry is not None and entry.parsed:
            continue
        if variable.generate is not None and not variable.default:
            found[variable.name] = generate(variable.generate)
        elif ask is not None and variable.only_a_person_knows:
            answer = ask(variable)
            if answer or entry is None:
                found[variable.name] = answer
        elif entry is None and (everything or variable.required_in(environment)):
            found[variable.name] = variable.default
    return found
