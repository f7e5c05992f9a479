"""The texts to mask for a file that holds a secret: a value, or the lines of a key."""

from __future__ import annotations

from pathlib import Path

from upready.secrets.secret import in_json, passwords
from upready.support import files
from upready.support.errors import OpsError

ENOUGH = 64 * 1024
"""Bytes that are read: a secret is small, and the file may be anything."""

LONG = 16
"""The shortest line of several that is masked by itself: a shorter one may be in any text."""


def texts(path: Path) -> set[str]:
    """The texts to mask; none for a file that is missing, cannot be read, or is not text."""
    try:
        return parts(files.start(path, ENOUGH))
    except OpsError:
        return set()


def parts(data: bytes) -> set[str]:
    """The texts to mask for the content of a secret's file; none if it is not text."""
    if b"\0" in data:
        return set()
    # The end may be cut within a character.
    text = data.decode("utf-8", "ignore").removeprefix("\ufeff").strip()
    if not text or len(text.encode()) < len(data.strip()) - 4:
        return set()
    lines = text.splitlines()
    if len(lines) == 1:
        return {text} | passwords(text) | set(in_json(text))
    long = {line.strip() for line in lines if len(line.strip()) >= LONG and not line.startswith("-----")}
    return long | passwords(text) | set(in_json(text))
