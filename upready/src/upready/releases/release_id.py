"""The name of a release: when it was made, and of which commit. Names sort by time."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

_FORM = "%Y%m%dT%H%M%S"
_KNOWN = re.compile(r"\d{8}T\d{6}(-[0-9a-f]{7})?(-dirty)?")


def make(revision: str, taken: Collection[str] = (), now: datetime | None = None) -> str:
    """A new name: `20261126T221500-1a2b3c4`, with `-dirty` behind it where files differ from the commit's.

    Args:
        revision: The commit, as `upready.stack.revision` tells it; empty without git.
        taken: Names that are there already. The new one sorts behind all of them, whatever the clock says.
        now: The time; by default, now.
    """
    commit, _, rest = revision.partition("-")
    suffix = f"-{commit[:7]}" if re.fullmatch(r"[0-9a-f]{7,}", commit) else ""
    suffix += "-dirty" if rest == "dirty" else ""
    moment = now or datetime.now(UTC)
    latest = max((each for each in taken if is_valid(each)), default="")
    if latest and f"{moment:{_FORM}}" <= latest[:15]:
        moment = datetime.strptime(latest[:15], _FORM).replace(tzinfo=UTC) + timedelta(seconds=1)
    return f"{moment:{_FORM}}{suffix}"


def is_valid(name: str) -> bool:
    """Whether something is the name of a release."""
    return _KNOWN.fullmatch(name) is not None
