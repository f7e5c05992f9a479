"""Making a `.env`, or completing one: defaults, generated secrets, answers. Nothing that has a value is changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from upready.dotenv import checks, edit, file, inputs, schema
from upready.dotenv.schema import Schema, Variable
from upready.dotenv.write_check import verified
from upready.envfile import document
from upready.envfile.document import Document
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError, UsageError

Ask = Callable[[Variable], str]
"""Asks a person for a variable's value; an empty answer leaves it open."""


def initialise(stack: Stack, *, ask: Ask | None = None) -> list[str]:
    """Write a missing `.env`; add to an existing one what it lacks, at its place, and fill generated secrets.

    A default is written as the schema has it, so that compose reads in both the same.

    Args:
        stack: Whose `.env`.
        ask: Asks for what only a person knows; None asks nothing and leaves it empty.

    Returns:
        The names that were generated, answered or added; for a new file, the generated and answered ones.

    Raises:
        UsageError: There is no schema to write it from.
        EnvFileError: The schema is broken, or the file cannot be written.
    """
    source = document.read(stack.example)
    if not source.exists:
        raise UsageError(
            f"{source.path.name} is missing, so nothing says what .env may hold",
            next=f"write one, a NAME= a line: {source.path.name}",
        )
    example = schema.parse(source)
    if example.broken is not None:
        place = f"{source.path.name}:{example.broken.line}:{example.broken.column}"
        raise EnvFileError(f"{place}: {example.broken.message}", next="correct it, then look: invoke env.check")
    answers = _ask(_base(stack, source), example, ask) if ask is not None else {}
    with file.writing(stack.env_file.parent):
        doc, base = document.read(stack.env_file), _base(stack, source)
        values = _values(base, example, answers)
        if doc.exists and not values:
            return []
        text = edit.complete(base, example.variables.values(), values)
        file.write(stack.env_file, text, verified(stack, doc, values, source))
    return list(values)


def draft(stack: Stack) -> str:
    """What a missing `.env` would hold once it is written, with nobody asked; nothing is written.

    Raises:
        EnvFileError: The schema cannot be read.
    """
    source = document.read(stack.example)
    example, base = schema.parse(source), _base(stack, source)
    return edit.complete(base, example.variables.values(), _values(base, example, {}))


def still_open(stack: Stack) -> list[str]:
    """The variables that still wait for a person: required and empty, or holding a placeholder."""
    found = checks.run(inputs.gather(stack))
    waiting = (
        each.variable
        for each in found
        if (each.check in ("missing", "empty") and each.severity == "error") or each.check == "placeholder"
    )
    return list(dict.fromkeys(filter(None, waiting)))


def generate(length: int) -> str:
    """A secret that needs no quoting anywhere: letters, digits, `-` and `_`, no sign at either end."""
    while True:
        text = secrets.token_urlsafe(length)[:length]
        if text[0].isalnum() and text[-1].isalnum():
            return text


def _base(stack: Stack, source: Document) -> Document:
    """What is to be completed: the file, or else the schema as if it were the file."""
    doc = document.read(stack.env_file)
    if doc.exists:
        _refuse_undecodable(doc)
        return doc
    return document.parse(source.text.removeprefix(document.BOM).encode(), stack.env_file)


def _refuse_undecodable(doc: Document) -> None:
    if doc.undecodable or "\0" in doc.text:
        name = doc.path.name
        raise EnvFileError(f"{name} is not UTF-8, so nothing was changed", next=f"save {name} as UTF-8, then try again")


def _is_open(doc: Document, variable: Variable) -> bool:
    entry = doc.get(variable.name)
    return entry is None or (entry.readable and not entry.parsed)


def _ask(doc: Document, example: Schema, ask: Ask) -> dict[str, str]:
    """What a person answers; asked before the file is locked, since a person may take all day."""
    wanted = [each for each in example.variables.values() if each.only_a_person_knows and _is_open(doc, each)]
    return {variable.name: answer for variable in wanted if (answer := ask(variable))}


def _values(doc: Document, example: Schema, answers: Mapping[str, str]) -> dict[str, str | None]:
    """What is to be added to a file, or filled in it; None for a default, which is copied."""
    found: dict[str, str | None] = {}
    for variable in example.variables.values():
        if not _is_open(doc, variable):
            continue
        if variable.generate is not None and not variable.default:
            found[variable.name] = variable.prefix + generate(variable.generate)
        elif variable.name in answers:
            found[variable.name] = answers[variable.name]
        elif doc.get(variable.name) is None:
            found[variable.name] = None
    return found
