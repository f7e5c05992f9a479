"""What a secret is, and how it is masked: as a value of its own, and within texts."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from upready.secrets import secret_names, secret_values
from upready.secrets.secret_names import Says
from upready.support import parsing
from upready.support.parsing import MalformedError

MASK = "********"
"""Shown instead of a secret; always of the same length."""

SHORTEST = 4
"""Shorter secrets are not searched for in texts: masking each `a` would make a text unreadable, and protect nothing."""

# `://user:password@`. Up to the last `@`: a password that is not URL-encoded may hold one, and `/`. A number up to a
# `/` is a port.
_URL_PASSWORD = re.compile(r"(://[^\s/?#:@\[]*:)(?!\d+(?:[/?#\s]|$))(\S{0,500})@")
# `name:secret` or `name:secret:scope`, of which a list is made with commas.
_NAMED = re.compile(r"[A-Za-z][\w.-]*:([^\s,:/][^\s,:]{7,})(?::[A-Za-z]+)?")
# A reference to a secret elsewhere.
_REFERENCE = re.compile(r"\$(?:\w+|\{\w+\})")
# `?password=x`, `;Password=x`, `--password=x`, and `password=x` within a text.
_ASSIGNED = re.compile(r"(?<![\w.-])([\w.-]+)=([^\s&;,\"']+)")


class Secret:
    """A text that only `reveal()` gives; everything else gives `MASK`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it where the text is compared or written to `.env`, never to print it."""
        return self._text

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        # Pickling would write the text into some file.
        return (Secret, (MASK,))


def looks_secret(name: str) -> bool:
    """Whether a name by itself says that its value is a secret: `DB_PASSWORD`, `GITHUB_TOKEN`, not `TOKEN_TTL`."""
    return secret_names.of(name) is Says.SECRET


@functools.lru_cache(maxsize=1024)
def is_secret(name: str, value: str) -> bool:
    """Whether a value is a secret, by its name and its form: `yes` is none, whatever its name is.

    An empty value is a secret if its name says so: the later value will be one.
    """
    says = secret_names.of(name)
    if not value.strip():
        return says is Says.SECRET
    if secret_values.is_token(value):
        return says is not Says.PUBLIC
    if secret_names.is_listed(name):
        return not (secret_values.is_off(value) or secret_values.is_path(value))
    if says is Says.SECRET:
        return not secret_values.is_public(value, certain=secret_names.ends_in_secret(name))
    return says is Says.PERHAPS and secret_values.is_random(value) and not secret_values.is_public(value)


def passwords(text: str) -> set[str]:
    """The passwords that the form of a text shows: in a URL, or behind a name that says so and `=`."""
    found = {match[2] for match in _ASSIGNED.finditer(text) if is_secret(match[1], match[2])}
    for match in _URL_PASSWORD.finditer(text):
        # If a text has several URLs, the first password ends at the first `@`.
        found |= {match[2], match[2].partition("@")[0]}
    return found - {"", MASK}


def named(value: Any, key: str = "") -> Iterator[str]:
    """The texts within nested mappings and lists whose key says that they are secret, and passwords in the others."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from named(each, str(name))
    elif isinstance(value, list):
        for each in value:
            yield from named(each, key)
    elif isinstance(value, str) and value:
        yield from {value} if is_secret(key, value) else passwords(value)
    elif isinstance(value, int | float) and is_secret(key, str(value)):
        yield str(value)


def in_json(text: str) -> Iterator[str]:
    """The same for a JSON object, such as the key of a service account; nothing for any other text."""
    if text.lstrip().startswith("{"):
        with contextlib.suppress(MalformedError):
            yield from named(parsing.from_json(text))


def worth_hiding(texts: Iterable[str]) -> list[str]:
    """The texts of secrets to search for in other texts, the longest first.

    A secret of several lines is also searched for line by line, a list of `name:secret` by each of its secrets.
    """
    found = {part for text in texts for part in (text, *text.splitlines(), *listed(text))}
    chosen = (each for each in found if len(each) >= SHORTEST and not _REFERENCE.fullmatch(each))
    return sorted(chosen, key=lambda each: (-len(each), each))


def listed(text: str) -> list[str]:
    """The secrets of a list `name:secret,name:secret:scope`; none for any other text."""
    parts = [_NAMED.fullmatch(part.strip()) for part in text.split(",")]
    return [part[1] for part in parts if part is not None] if all(parts) else []


def hide_url_passwords(text: str) -> str:
    """A text in which the password of every URL is masked."""
    return _URL_PASSWORD.sub(rf"\g<1>{MASK}@", text)


def hide_assigned(text: str) -> str:
    """A text in which each value behind `=` and a name that says that it is secret is masked."""
    return _ASSIGNED.sub(lambda match: f"{match[1]}={MASK}" if is_secret(match[1], match[2]) else match[0], text)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """A text in which the given secrets, and the passwords that its form shows, are masked."""
    for each in secrets:
        text = text.replace(each, MASK)
    return hide_assigned(hide_url_passwords(text))
