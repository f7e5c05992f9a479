"""Which log entries a user wants to see, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from upready.logs import levels
from upready.logs.entry import Entry, masked, plain
from upready.secrets import masking
from upready.support import next_step, shell_words, times
from upready.support.errors import UsageError

DEFAULT_TAIL = 100
"""The number of entries that are shown when no option limits them."""


@dataclass(frozen=True)
class Query:
    """Which entries to show, and how.

    Attributes:
        services: Only these; empty for all.
        follow: Whether to go on with new entries.
        tail: The number of last entries that match, over all services together; None for all.
        since: No entries from before this time.
        until: No entries from after this time.
        grep: Only entries that match.
        exclude: Only entries that do not match.
        level: Only entries of this level or a worse one.
        as_json: Whether to write one JSON object a line.
        output: A file to write to instead of stdout.
        colour: Whether to colour; None for on a terminal.
        cut: Whether `tail` is the default, not given by the user.
        reveal: Whether secrets are shown.
    """

    services: tuple[str, ...] = ()
    follow: bool = False
    tail: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    grep: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None
    level: str | None = None
    as_json: bool = False
    output: Path | None = None
    colour: bool | None = None
    cut: bool = False
    reveal: bool = False

    @classmethod
    def parse(
        cls,
        *,
        service: Sequence[str] = (),
        follow: bool = False,
        tail: str = "",
        since: str = "",
        until: str = "",
        grep: str = "",
        exclude: str = "",
        level: str = "",
        json: bool = False,
        output: str = "",
        color: bool = True,
        reveal: bool = False,
    ) -> Query:
        """A query from the options of the task, as typed; empty for not given.

        Without `--tail` it is the last 100 entries, or all of them if another option already selects entries.

        Raises:
            UsageError: The value of an option is invalid, or two options contradict each other.
        """
        if follow and until:
            raise UsageError(
                "--follow and --until exclude each other: one goes on, the other ends",
                next=f"invoke logs --until {shell_words.word(until)}",
            )
        now = datetime.now(UTC)
        first = times.parse(since, "--since", now) if since else None
        last = times.parse(until, "--until", now) if until else None
        if first and last and first >= last:
            raise UsageError(
                f"--since {since} is not before --until {until}", next=f"invoke logs --since {shell_words.word(since)}"
            )
        cut = not (tail or since or until or grep or exclude or level or output)
        return cls(
            services=tuple(dict.fromkeys(service)),
            follow=follow,
            tail=DEFAULT_TAIL if cut else _count(tail),
            since=first,
            until=last,
            grep=_pattern(grep, "--grep") if grep else None,
            exclude=_pattern(exclude, "--exclude") if exclude else None,
            level=levels.parse(level) if level else None,
            as_json=json,
            output=Path(output) if output else None,
            colour=None if color else False,
            cut=cut,
            reveal=reveal,
        )

    @property
    def filters(self) -> bool:
        """Whether `accepts` may refuse an entry."""
        return self.grep is not None or self.exclude is not None or self.level is not None

    def accepts(self, entry: Entry) -> bool:
        """Whether an entry is wanted. A pattern may match the message, or the text around it, as they are shown.

        Else whoever may only see the mask could ask for a secret letter by letter.
        """
        if self.level is not None and not levels.at_least(entry.level, self.level):
            return False
        if self.grep is None and self.exclude is None:
            return True
        mask = masking.mask()
        entry = masked(entry, mask) if mask.may_touch(entry.text) else entry
        if self.exclude is not None and _found(self.exclude, entry):
            return False
        return self.grep is None or _found(self.grep, entry)


def _found(pattern: re.Pattern[str], entry: Entry) -> bool:
    return bool(pattern.search(plain(entry.text)) or pattern.search(entry.message))


def _count(text: str) -> int | None:
    if text in ("", "all"):
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    raise UsageError(f"--tail: should be a number of lines, or all, not {text!r}", next="invoke logs --tail 100")


def _pattern(text: str, option: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(
            f"{option}: {text!r} is not a valid regular expression: {error}",
            next=next_step.again(option, re.escape(text)),
        ) from error
