"""How easily a secret can be guessed."""

from __future__ import annotations

import re
from collections.abc import Collection

SHORTEST = 12
"""Fewest characters of a good secret. NIST SP 800-63B asks for 8 if a person must remember it."""

# The first words of every list of leaked passwords. People put digits and signs around them.
_COMMON = re.compile(
    r"super|passw(?:or[dt]|0rd)|p[a@]ssw[o0]rd|letmein|welcome|qwert[yz]|abc|iloveyou|trustno|admin(?:istrator)?|root|user"
    r"|guest|test(?:ing)?|demo|example|sample|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|rabbit(?:mq)?|elastic|docker"
    r"|default|master|monkey|dragon|change|top|s[e3]cr[e3]t|dev(?:elop(?:ment)?)?|prod(?:uction)?|local(?:host)?|key|token"
    r"|strong|secure|random|string|your|please|insecure|only|server|client|session|cookie|jwt|auth|database|erlang|hello"
    r"|world|foo|bar|baz|replace|temp(?:orary)?|for|this|that|with|not|and|the|my|me|in|do|use|app|api|web|db"
)


def weakness(secret: str, names: Collection[str] = ()) -> str | None:
    """Why a secret can be guessed, as the end of a sentence; None if it cannot.

    Args:
        secret: The secret.
        names: Public names of the project: its own, and those of services and users.
    """
    lowered = secret.lower()
    left = _COMMON.sub("", _without(lowered, names))
    rules = (
        (len(secret) < SHORTEST, f"is shorter than {SHORTEST} characters"),
        (lowered.isdigit(), "consists of digits only"),
        (len(left) < SHORTEST and sum(each.isalpha() for each in left) < 5, "consists of common words"),
        (len(set(secret)) < 5, "has very few different characters"),
    )
    return next((reason for holds, reason in rules if holds), None)


def is_words(secret: str) -> bool:
    """Whether a secret consists of common words only, with digits and signs between them."""
    return not re.sub(r"[\W\d_]", "", _COMMON.sub("", secret.lower()))


def _without(text: str, names: Collection[str]) -> str:
    for each in sorted((name.lower() for name in names if len(name) > 3), key=len, reverse=True):
        text = text.replace(each, "")
    return text
