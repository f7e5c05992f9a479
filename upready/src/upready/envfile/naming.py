"""Is it a variable's name, or a line of a secret that lost its quotes?"""

from __future__ import annotations

import re

from upready.envfile.entries import Entry

# As people name variables: in one case, of words. A key in Base64 is of both cases, a hash is one long word.
_PLAUSIBLE = re.compile(r"_*(?:[A-Z][A-Z0-9]{0,23}(?:_+[A-Z0-9]{1,24})*|[a-z][a-z0-9]{0,23}(?:_+[a-z0-9]{1,24})*)_*")


def is_plausible(entry: Entry) -> bool:
    """Whether an entry that nothing else knows is named as variables are, and does not end as Base64 does."""
    return bool(_PLAUSIBLE.fullmatch(entry.key)) and not is_padding(entry)


def is_padding(entry: Entry) -> bool:
    """Whether there is nothing but `=` behind the first one, as at the end of a text in Base64."""
    value = entry.raw.strip()
    return value != "" and not value.strip("=")
