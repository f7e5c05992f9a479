"""How a secret may be written: as it is, and as JSON, URLs, Python and base64 write it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from upready.secrets.secret import SHORTEST

_ENOUGH = 6
"""Characters of base64 below which a part of one is not looked for: it could stand in any text."""


def of(secret: str) -> set[str]:
    """The texts by which a secret may be found in what programs print."""
    found = {secret, repr(secret)[1:-1]}
    for escaped in (quote(secret, safe=""), quote(secret, safe="/"), quote_plus(secret)):
        # Some write %2f, some %2F.
        found |= {escaped, re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), escaped)}
    for ascii_only in (True, False):
        inner = secret
        # Once, and within JSON.
        for _ in range(2):
            inner = json.dumps(inner, ensure_ascii=ascii_only)[1:-1]
            found.add(inner)
    found |= {each.replace("/", "\\/") for each in list(found)} if "/" in secret else set()
    return {each for each in found if len(each) >= SHORTEST} | set(_base64(secret))


def needles(forms: Iterable[str]) -> list[str]:
    """Of some texts those that hold none of the others: a text that holds any of all holds one of these."""
    found: list[str] = []
    for each in sorted(set(forms), key=lambda each: (len(each), each)):
        if not any(one in each for one in found):
            found.append(each)
    return found


def _base64(secret: str) -> Iterator[str]:
    """A secret in base64, also as a part of what is encoded (`user:secret`): there are three ways to be cut."""
    data = secret.encode("utf-8", "surrogateescape")
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data)
        # The first characters are also of what stands before, the last one of what comes behind.
        first = (0, 2, 3)[before]
        last = (before + len(data)) * 8 // 6
        for encoded in {whole, whole.translate(bytes.maketrans(b"+/", b"-_"))}:
            text = encoded.decode("ascii")
            yield from (
                each for each in (text[first:last], text[first:].rstrip("="), text[first:]) if len(each) >= _ENOUGH
            )
