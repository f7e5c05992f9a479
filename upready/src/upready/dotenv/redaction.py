"""Mask the secrets of `.env` in error messages: other programs may quote a value in theirs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from upready.dotenv import schema
from upready.envfile import document, example_names
from upready.secrets import ordinary, secret_names
from upready.secrets.secret import passwords, worth_hiding
from upready.stack import compose_variables
from upready.support.errors import OpsError


def secrets(root: Path) -> list[str]:
    """The secret values of a project's `.env`, and of the shell for the same names; the longest first.

    Compose is not asked, and unreadable files are skipped: this runs after another error.
    """
    folders = {root, *compose_variables.directories}
    files = {file for folder in folders for file in (folder / ".env", *compose_variables.env_files(root, folder))}
    return worth_hiding(set[str]().union(*map(_secrets, files)))


def _secrets(file: Path) -> set[str]:
    beside = example_names.beside(file.with_name(".env")) or file.with_name(".env.example")
    env, example = document.parse(b"", file), schema.parse(document.parse(b"", beside))
    with contextlib.suppress(OpsError, OSError):
        example = schema.read(beside)
    with contextlib.suppress(OpsError, OSError):
        env = document.read(file)
    names = {*example.variables, *(entry.key for entry in env.entries)}
    given = [(name, os.environ[name]) for name in names if name in os.environ]
    for entry in env.entries:
        given += [(entry.key, text) for text in (entry.parsed or "", entry.raw, entry.raw.strip().strip("'\""))]
    found: set[str] = set()
    for name, text in given:
        if secret_names.is_naming(name):
            ordinary.spare([text])
        found |= {text} if example.sensitive(name, text) else passwords(text)
    return found


def redact(text: str, hidden: Iterable[str]) -> str:
    """The text with every secret masked."""
    return ordinary.masked(text, hidden)


def redacted(error: OpsError, hidden: Iterable[str]) -> OpsError:
    """The error with every secret masked in its texts."""
    hidden = list(hidden)
    error.message = redact(error.message, hidden)
    error.details = [redact(line, hidden) for line in error.details]
    error.next = redact(error.next, hidden)
    error.args = (error.message,)
    return error
