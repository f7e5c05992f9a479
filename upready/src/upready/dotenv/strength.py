"""How easily a secret is guessed."""

from __future__ import annotations

import re
from collections.abc import Collection

SHORTEST = 12
"""Characters that a secret needs at least; NIST SP 800-63B asks for 8 of a password that a person must remember."""

# The words that every list of leaked passwords begins with; what people put around them is digits and signs.
_COMMON = re.compile(
    r"super|passw(?:or[dt]|0rd)|p[a@]ssw[o0]rd|letmein|welcome|qwert[yz]|abc|iloveyou|trustno|admin(?:istrator)?|root|user"
    r"|guest|test(?:ing)?|demo|example|sample|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|rabbit(?:mq)?|elastic|docker"
    r"|default|master|monkey|dragon|change|top|s[e3]cr[e3]t|dev(?:elop(?:ment)?)?|prod(?:uction)?|local(?:host)?|key|token"
    r"|strong|secure|random|string|your|please|insecure|only|server|client|session|cookie|jwt|auth|database|erlang|hello"
    r"|world|foo|bar|baz|replace|temp(?:orary)?|for|this|that|with|not|and|the|my|me|in|do|use|app|api|web|db"
)


def weakness(secret: str, names: Collection[str] = ()) -> str | None:
    """Why a secret can be guessed, as the end of a sentence; None where it cannot.

    Args:
        secret: The text.
        names: Words that are known of the project: its own name, those of services and users.
    """
    lowered = secret.lower()
    left = _COMMON.sub("", _without(lowered, names))
    rules = (
        (len(secret) < SHORTEST, f"is shorter than {SHORTEST} characters"),
        (lowered.isdigit(), "is made of digits alone"),
        (len(left) < SHORTEST and sum(each.isalpha() for each in left) < 5, "is made of common words"),
        (len(set(secret)) < 5, "is made of very few different characters"),
    )
    return next((reason for holds, reason in rules if holds), None)


def is_words(secret: str) -> bool:
    """Whether a secret is nothing but words that everybody tries first, and what stands between them."""
    return not re.sub(r"[\W\d_]", "", _COMMON.sub("", secret.lower()))


def _without(text: str, names: Collection[str]) -> str:
    for each in sorted((name.lower() for name in names if len(name) > 3), key=len, reverse=True):
        text = text.replace(each, "")
    return text
