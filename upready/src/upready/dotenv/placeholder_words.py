"""Values that somebody must still replace: `changeme`, `<your key>`, `generate_a_new_key`."""

from __future__ import annotations

import re

_ASK = "change|replace|fill|insert|enter|put|paste|generate|provide|specify"
_THING = (
    "api|key|token|secret|password|passwd|passphrase|credentials?|value|name|username|user|url|uri|email|mail|domain|host|hostname"
    "|server|site|company|organi[sz]ation|org|id|ip|bucket|region|project|account|tenant|app|client|path|string|address"
)
# Placeholders in any variable. A list, a name and an address are none: `[::1]`, `My Company Name`, `todo`.
_ANYWHERE = re.compile(
    rf"<[^<>@/]*[A-Za-z]{{3}}[^<>@/]*>|\[(your|{_ASK})\b[^\]]*\]|\.{{3,}}|\*{{3,}}|[xX]{{3,}}|TODO|TBD|FIXME"
    rf"|(.*[-_. ])?(change|replace)[-_ ]?(me|this|it)([-_.! \d].*|(?-i:[A-Z]).*)?"
    rf"|((please|pls)[-_ ]?)?({_ASK})[-_ ](me|this|it|here|in|with|by|to)([-_. !\d].*)?"
    rf"|((please|pls|{_ASK})[-_ ]?)*(with[-_ ])?your[-_ ]?(.*[-_ ])?({_THING})s?([-_. !\d].*)?"
    rf"|[a-z+]+://([^/]*[@.])?your[-_]?({_THING})\b.*|[\w.+-]+@your[-_]?({_THING})\b.*|your[-_]?({_THING})@.*|your[-_]?({_THING})(\.[a-z]+)+"
    rf"|({_ASK}|your)[-_ ].*[-_ ](goes[-_ ])?here",
    re.IGNORECASE | re.DOTALL,
)
# A quick test first: a value without one of these is no placeholder, unless it is a secret.
_HINT = re.compile(r"your|here|me|this|it|in|with|by|to|fixme|tbd|[<\[.*xX]", re.IGNORECASE)
# In lower case, `todo` is also a name: of an app for to-do lists.
_CAPITALS = re.compile(r"todo|tbd|fixme")
# Further placeholders for secrets.
_FOR_SECRETS = re.compile(
    r"(get|obtain|create|choose|pick)[-_ ](a|an|the|your|one|it|from)[-_ ].*|\[[A-Za-z_ -]+\]|\{\{.*\}\}"
    r"|todo|tbd|fixme|placeholder|dummy|redacted|replaceme|insertme|fillme|none[-_]yet|not[-_]?set"
    rf"|(my|some|a|an|the)[-_ ](.*[-_ ])?({_THING})([-_. !].*)?|.*[-_ ](goes[-_ ])?here"
    r"|[a-z]{2,6}([-_.][a-z0-9]{1,6})*[-_.]([xX*.-]{3,}|your.*|example)|[xX*.-]{8,}",
    re.IGNORECASE | re.DOTALL,
)
# Words that describe the wanted secret: `strong_password`, `a_long_random_string`, `YourStrong!Passw0rd`.
_REQUEST = frozenset(
    {*_ASK.split("|"), "your", "strong", "random", "long", "unique", "complex", "changeme", "changethis", "changeit"}
)
_SPEECH = re.compile(
    rf"(?:{_ASK}|{_THING}|me|this|that|it|here|in|with|by|to|be|the|a|an|and|or|of|for|on|at|is|please|pls|my|your|our|some|new|own"
    r"|strong|secure|random|long|very|super|unique|complex|real|production|prod|before|deploy(?:ing|ment)?|least|min(?:imum)?"
    r"|char(?:acter)?s?|openssl|rand|hex|base|uuid|default|example|sample|auth|jwt|session|encryption|access|private|admin|root|db"
    r"|database|passw[o0]rd|pass|pwd|p[a@]ssw[o0]rd|s[e3]cr[e3]t|safe|good|hard|guess|use|using|must|should|update|later|now|keys?|salt|cookie)+",
    re.IGNORECASE,
)


def is_placeholder(text: str, *, secret: bool) -> bool:
    """Whether a value is a placeholder.

    Args:
        text: The value.
        secret: Whether the variable holds a secret: then also plain words, which could be a name, are a placeholder.
    """
    text = text.strip()
    if not text or len(text) > 200:
        return False
    if not secret:
        hinted = _HINT.search(text) is not None
        return hinted and bool(_ANYWHERE.fullmatch(text)) and not _CAPITALS.fullmatch(text)
    return bool(_ANYWHERE.fullmatch(text) or _FOR_SECRETS.fullmatch(text)) or _is_request(text)


def _is_request(text: str) -> bool:
    """Whether a text consists only of words that ask for a secret, joined in any way."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    words = [each for each in re.split(r"[^A-Za-z0-9@]+", spaced) if each]
    letters = [re.sub(r"^\d+|\d+$", "", each).lower() for each in words]
    letters = [each for each in letters if each]
    if not letters or not all(_SPEECH.fullmatch(each) for each in letters):
        return False
    if len("".join(letters)) * 2 < len(text):
        return False
    return any(each in _REQUEST or re.match(rf"(please|pls)?({_ASK}|your|strong|random)", each) for each in letters)
