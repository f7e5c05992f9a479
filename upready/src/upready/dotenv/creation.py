"""Write a new `.env` or complete one: defaults, generated secrets, answers. Existing values are never changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from upready.dotenv import checks, edit, inputs, schema, writer
from upready.dotenv.schema import Schema, Variable
from upready.dotenv.write_check import verified
from upready.envfile import document
from upready.envfile.document import Document
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError, UsageError
from upready.support.next_step import AGAIN

Ask = Callable[[Variable], str]
"""Asks a person for a variable's value; an empty answer leaves the variable empty."""


@dataclass(frozen=True)
class Draft:
    """A file that is not written yet.

    Attributes:
        text: What it would hold. It has secrets.
        names: The variables that are generated, answered or added; for a new file only the generated and answered ones.
        verify: Given a file with the text, raises unless compose reads it as it is meant.
    """

    text: str = field(repr=False)
    names: tuple[str, ...]
    verify: Callable[[Path], None]


def initialise(stack: Stack, *, ask: Ask | None = None, known: Mapping[str, str] | None = None) -> list[str]:
    """Write a missing `.env`, or add missing variables to an existing one; also generate secrets that are empty.

    A default is copied exactly as it is written in the schema, so that compose reads the same value.

    Args:
        stack: The stack.
        ask: Asks a person for values that no program can know; None leaves these variables empty.
        known: Values that are known already, by variable: nothing is generated for these, and nobody is asked.

    Returns:
        The variables that were generated, answered or added; for a new file only the generated and answered ones.

    Raises:
        UsageError: There is no schema.
        EnvFileError: The schema is broken, or the file cannot be written.
    """
    source, example = _schema(stack)
    answers = dict(known or {})
    if ask is not None:
        answers = {**_ask(_base(stack, source), example, ask, answers), **answers}
    with writer.locked(stack.env_file.parent):
        made = _draft(stack, source, example, answers)
        if made is None:
            return []
        writer.write(stack.env_file, made.text, made.verify)
    return list(made.names)


def draft(stack: Stack, known: Mapping[str, str] | None = None) -> Draft | None:
    """What `initialise` would write without asking anybody; None if `.env` is complete. Nothing is written.

    Args:
        stack: The stack.
        known: As in `initialise`.

    Raises:
        UsageError: There is no schema.
        EnvFileError: The schema is broken, or a file cannot be read.
    """
    return _draft(stack, *_schema(stack), known or {})


def open_variables(stack: Stack) -> list[Variable]:
    """The variables of the schema that `.env` gives no value; none without a schema, or with a broken one."""
    source = document.read(stack.example)
    example = schema.parse(source)
    if not source.exists or example.broken is not None:
        return []
    doc = document.read(stack.env_file)
    return [each for each in example.variables.values() if not doc.exists or _is_open(doc, each)]


def _schema(stack: Stack) -> tuple[Document, Schema]:
    """The file that a new `.env` is made from, and the schema in it.

    Raises:
        UsageError: There is none.
        EnvFileError: It is broken.
    """
    source = document.read(stack.example)
    if not source.exists:
        raise UsageError(
            f"{source.path.name} is missing: it lists the variables of .env",
            next=f"write {source.path.name}, with one NAME= in each line, then: {AGAIN}",
        )
    example = schema.parse(source)
    if example.broken is not None:
        place = f"{source.path.name}:{example.broken.line}:{example.broken.column}"
        raise EnvFileError(f"{place}: {example.broken.message}", next=f"correct {place}, then: invoke env.check")
    return source, example


def _draft(stack: Stack, source: Document, example: Schema, answers: Mapping[str, str]) -> Draft | None:
    doc, base = document.read(stack.env_file), _base(stack, source)
    values = _values(base, example, answers, fresh=not doc.exists)
    if doc.exists and not values:
        return None
    text = edit.complete(base, example.variables.values(), values)
    return Draft(text, tuple(values), verified(stack, doc, values, source))


def still_open(stack: Stack) -> list[str]:
    """The variables that still need a value from a person: required and empty, or with a placeholder."""
    found = checks.run(inputs.gather(stack))
    waiting = (
        each.variable
        for each in found
        if (each.check in ("missing", "empty") and each.severity == "error") or each.check == "placeholder"
    )
    return list(dict.fromkeys(filter(None, waiting)))


def generate(length: int) -> str:
    """A secret that needs no quotes anywhere: letters, digits, `-` and `_`, with a letter or digit at both ends."""
    while True:
        text = secrets.token_urlsafe(length)[:length]
        if text[0].isalnum() and text[-1].isalnum():
            return text


def _base(stack: Stack, source: Document) -> Document:
    """The text to complete: the file, or the schema if there is no file yet."""
    doc = document.read(stack.env_file)
    if doc.exists:
        if doc.undecodable or "\0" in doc.text:
            name = doc.path.name
            fix = f"save {name} as UTF-8, then: {AGAIN}"
            raise EnvFileError(f"{name} is not UTF-8, so nothing was changed", next=fix)
        return doc
    return document.parse(source.text.removeprefix(document.BOM).encode(), stack.env_file)


def _is_open(doc: Document, variable: Variable) -> bool:
    entry = doc.get(variable.name)
    return entry is None or (entry.readable and not entry.parsed)


def _ask(doc: Document, example: Schema, ask: Ask, known: Mapping[str, str]) -> dict[str, str]:
    """A person's answers. Ask before the file is locked: a person may take hours."""
    unknown = (each for each in example.variables.values() if each.only_a_person_knows and each.name not in known)
    wanted = [each for each in unknown if _is_open(doc, each)]
    return {variable.name: answer for variable in wanted if (answer := ask(variable))}


def _values(
    doc: Document, example: Schema, answers: Mapping[str, str], *, fresh: bool = False
) -> dict[str, str | None]:
    """The values to add or to fill in, by name; None for a default, which is copied from the schema.

    In a fresh file, an answer takes the place of a default, too.
    """
    found: dict[str, str | None] = {}
    for variable in example.variables.values():
        if not _is_open(doc, variable) and not (fresh and variable.name in answers):
            continue
        if variable.name in answers:
            found[variable.name] = answers[variable.name]
        elif variable.generate is not None and not variable.default:
            found[variable.name] = variable.prefix + generate(variable.generate)
        elif doc.get(variable.name) is None:
            found[variable.name] = None
    return found
