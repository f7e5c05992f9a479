"""How a secret may be written: as it is, and as JSON, URLs, Python and base64 write it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from upready.secrets.secret import SHORTEST

_ENOUGH = 6
"""Shorter parts of a base64 text are not searched for: they could be in any text."""


def of(secret: str) -> set[str]:
    """The forms in which programs may print a secret."""
    found = {secret, repr(secret)[1:-1]}
    for escaped in (quote(secret, safe=""), quote(secret, safe="/"), quote_plus(secret)):
        # Some write %2f, some %2F.
        found |= {escaped, re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), escaped)}
    for ascii_only in (True, False):
        inner = secret
        # As JSON, and as JSON within JSON.
        for _ in range(2):
            inner = json.dumps(inner, ensure_ascii=ascii_only)[1:-1]
            found.add(inner)
    found |= {each.replace("/", "\\/") for each in list(found)} if "/" in secret else set()
    return {each for each in found if len(each) >= SHORTEST} | set(_base64(secret))


def needles(forms: Iterable[str]) -> list[str]:
    """The texts that contain none of the others: a text that contains any of all contains one of these."""
    found: list[str] = []
    for each in sorted(set(forms), key=lambda each: (len(each), each)):
        if not any(one in each for one in found):
            found.append(each)
    return found


def _base64(secret: str) -> Iterator[str]:
    """A secret in base64, also as part of a longer text (`user:secret`), in which it can begin at three positions."""
    data = secret.encode("utf-8", "surrogateescape")
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data)
        # The first characters also encode what stands before the secret, the last one what follows it.
        first = (0, 2, 3)[before]
        last = (before + len(data)) * 8 // 6
        for encoded in {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}:
            text = encoded.decode("ascii")
            yield from (
                each for each in (text[first:last], text[first:].rstrip("="), text[first:]) if len(each) >= _ENOUGH
            )
