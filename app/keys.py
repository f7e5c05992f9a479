"""API keys: how a setting names them, how strong they must be, and which one a caller has sent."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.caller import ANONYMOUS, EVERYTHING, Permission

SHORTEST = 20  # characters of a key; random letters and digits are then more than 100 bits
VARIETY = 8  # different characters that a key must have
LEFT = 12  # characters that must remain of a key without common words
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
KEY = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # what `Bearer` allows (RFC 6750, section 2.1)
WORDS = re.compile(
    r"change|default|example|sample|dummy|test|demo|passw(?:or[dt]|0rd)|s[e3]cr[e3]t|token|key|api|admin|root|user|my|your"
    r"|this|is|the|please|me|not|very|super|strong|secure|insecure|qwerty|asdf|abc(?:def)?|letmein|welcome|hello|world"
)
SCOPES: dict[str, frozenset[Permission]] = {"": EVERYTHING, "read": frozenset({"read"}), "write": EVERYTHING}


@dataclass(frozen=True)
class ApiKey:
    """A key that is accepted. Only the hash of its text is kept."""

    name: str
    digest: bytes
    scopes: frozenset[Permission]


def parse(text: str) -> tuple[ApiKey, ...]:
    """Parse keys such as `name:key` or `name:key:read`, with commas between them.

    Raises:
        ValueError: A key is malformed or weak. The message names it by its position or name, and never contains a key.
    """
    found: list[ApiKey] = []
    for number, part in enumerate(text.split(","), 1):
        if not part.strip():
            raise ValueError(f"number {number} is empty; put a comma only between two keys")
        found.append(_parse_one(number, part.strip(), {each.name for each in found}))
    if len({each.digest for each in found}) < len(found):
        raise ValueError("two names have the same key; give each a key of its own")
    return tuple(found)


def texts(text: str) -> list[str]:
    """The texts of the keys, also if the setting is malformed. They must never be shown."""
    return [piece for part in text.split(",") for piece in part.strip().split(":")[1:2] or [part.strip()]]


def find(keys: Iterable[ApiKey], text: str) -> ApiKey | None:
    """The key with this text. It takes the same time for every text, so the time tells nothing about accepted keys."""
    digest, found = _digest(text), None
    for each in keys:
        if hmac.compare_digest(each.digest, digest):
            found = each
    return found


def weakness(key: str) -> str | None:
    """Why a key can be guessed, as the end of a sentence; None if it cannot."""
    rules = (
        (len(key) < SHORTEST, f"is shorter than {SHORTEST} characters"),
        (key.isdigit(), "is made of digits alone"),
        (len(set(key)) < VARIETY, "is made of very few different characters"),
        (key in (key + key)[1:-1], "is one short text that is repeated"),
        (_is_row(key), "is a sequence, such as abcdef"),
        (len(WORDS.sub("", key.lower())) < LEFT, "is made of common words"),
    )
    return next((reason for holds, reason in rules if holds), None)


def _parse_one(number: int, part: str, taken: set[str]) -> ApiKey:
    name, *rest = part.split(":")
    if not rest:
        raise ValueError(f"number {number} has no name; write it as name:key")
    if not NAME.fullmatch(name):
        raise ValueError(f"the name of number {number} may have letters, digits, _ and -, and begins with a letter")
    if name == ANONYMOUS:
        raise ValueError(f"no key may be called {ANONYMOUS}; give number {number} another name")
    if name in taken:
        raise ValueError(f"two keys are called {name}; give each its own name")
    key, scope = rest[0], rest[1] if len(rest) > 1 else ""
    if len(rest) > 2 or scope not in SCOPES:
        raise ValueError(f"behind {name}'s key may stand :read or :write, and nothing else")
    if not key:
        raise ValueError(f"{name} has no key; write it as {name}:key")
    if not KEY.fullmatch(key):
        raise ValueError(f"{name}'s key may have letters, digits and . _ ~ + / -")
    if reason := weakness(key):
        raise ValueError(f"{name}'s key {reason}; invoke env.init makes a strong one where API_KEYS is empty")
    return ApiKey(name, _digest(key), SCOPES[scope])


def _digest(text: str) -> bytes:
    # A slow hash is not needed: unlike passwords, keys of this length cannot all be tried.
    return hashlib.sha256(text.encode()).digest()


def _is_row(key: str) -> bool:
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(key)]
    return sum(step in (-1, 0, 1) for step in steps) > len(steps) * 3 // 4
