"""Secrets that no key of the compose model names: in the words of a command, or in a configuration file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from upready.secrets.secret import in_json, is_secret, passwords

_OPTION = re.compile(r"(?<!\S)--?([A-Za-z][\w-]*)\s+([^\s'\"-][^\s'\"]*)")
_ASSIGNED = re.compile(r"--?([A-Za-z][\w-]*)=(.+)", re.DOTALL)
_HEADER = re.compile(r"\b(?:bearer|basic)\s+([\w.~+/=-]{8,})", re.IGNORECASE)
_LINE = re.compile(
    r"""^[ \t-]*(?:export[ \t]+)?["']?([\w.-]+)["']?[ \t]*[:=][ \t]*(["']?)(.+?)\2[ \t]*[,;]?\r?$""", re.MULTILINE
)
_REFERENCE = re.compile(r"\$\w|\$\{|\{\{|%\(|[\[{]$|null$|true$|false$", re.IGNORECASE)
"""A reference instead of a value, or a value that nobody would hide."""


def in_command(words: Any) -> Iterator[str]:
    """The secrets in a command, a list of words or one text: behind `--password`, in a header, in a URL.

    Args:
        words: As compose or the engine gives them; items that are not texts are ignored.
    """
    listed = [words] if isinstance(words, str) else words if isinstance(words, list | tuple) else []
    texts = [each for each in listed if isinstance(each, str)]
    for first, second in itertools.pairwise(texts):
        if re.fullmatch(r"--?[A-Za-z][\w-]*", first) and is_secret(first.lstrip("-"), second) and second[:1] != "-":
            yield second
    for text in texts:
        if (whole := _ASSIGNED.fullmatch(text)) and is_secret(whole[1], whole[2]) and not isinstance(words, str):
            yield whole[2]  # with blanks, if it has some
        yield from passwords(text)
        yield from (match[2] for match in _OPTION.finditer(text) if is_secret(match[1], match[2]))
        yield from (match[1] for match in _HEADER.finditer(text))


def in_configuration(text: str) -> Iterator[str]:
    """The secrets in a configuration file of any notation: `key = value`, `key: value`, JSON."""
    yield from passwords(text)
    for match in _LINE.finditer(text):
        if is_secret(match[1], match[3]) and not _REFERENCE.match(match[3]):
            yield match[3]
    yield from in_json(text)
