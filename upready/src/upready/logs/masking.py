"""Log entries without secrets: also where JSON writes one with escapes, or colours tear it apart."""

from __future__ import annotations

from collections.abc import Sequence

from upready.logs.entry import Entry, Parsed
from upready.secrets.masking import Mask


def masked(entries: Sequence[Entry], mask: Mask) -> Sequence[Entry]:
    """The same entries, those that hold a secret replaced."""
    # One look at all of them: mostly there is none.
    if not mask.may_touch("\n".join(entry.text for entry in entries)):
        return entries
    return [_masked(entry, mask) if mask.may_touch(entry.text) else entry for entry in entries]


def _masked(entry: Entry, mask: Mask) -> Entry:
    """An entry without secrets, in what it says and in its text."""
    level, message, fields, structured = entry.parsed
    parsed = Parsed(level, mask.text(message), mask.value(fields), structured)
    return Entry(entry.time, entry.origin, entry.stream, mask.text(entry.text), parsed)
