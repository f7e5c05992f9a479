"""Names as Kubernetes allows them: DNS labels, label values, keys of annotations."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable

LONGEST = 63
"""Characters of a DNS label (RFC 1123)."""

_QUALIFIED = re.compile(r"([a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def label(text: str) -> str:
    """A text as a DNS label that also names a Service (RFC 1035): small letters, digits and `-`, a letter first."""
    made = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not made[:1].isalpha():
        made = f"x-{made}".rstrip("-")
    return _short(made, text)


def value(text: str) -> str:
    """A text as the value of a label."""
    return _short(re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_."), text)


def key(text: str) -> str:
    """A text as a key of a Secret or ConfigMap."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:253]


def is_qualified(text: str) -> bool:
    """Whether a text may be the key of an annotation or a label."""
    return _QUALIFIED.fullmatch(text) is not None


class Register:
    """Names that are given to objects, so that no two of a kind have one."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], Hashable] = {}

    def take(self, kind: str, wanted: str, owner: Hashable) -> str:
        """A name of its own for an object: the one that is wanted, with a number where another one has it.

        Args:
            kind: The object's kind.
            wanted: The name; it becomes a DNS label.
            owner: What the object is of; the same one gets the same name again.
        """
        number = 1
        while True:
            found = label(wanted if number == 1 else f"{wanted}-{number}")
            if self._given.setdefault((kind, found), owner) == owner:
                return found
            number += 1


def _short(made: str, text: str) -> str:
    """A name that is not too long; what is cut off is told by a digest of the whole text."""
    if len(made) <= LONGEST:
        return made
    return f"{made[: LONGEST - 9].rstrip('-_.')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
