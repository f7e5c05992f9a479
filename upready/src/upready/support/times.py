"""Points in time: as users type them, and as the engine writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from upready.support import next_step, units
from upready.support.errors import UsageError

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def parse(text: str, option: str, now: datetime | None = None) -> datetime:
    """The point in time that a user means.

    Args:
        text: A duration back from now (`90s`, `10m`, `1h30m`, `2d`), a time of day that has last passed (`14:30`),
            or a date, with or without a time and a zone (`2026-11-29`, `2026-11-29T14:30Z`); local without a zone.
        option: The option, for the error message.
        now: The current time, for tests.

    Raises:
        UsageError: The text is none of these.
    """
    text, now = text.strip(), now or datetime.now(UTC)
    try:
        if (back := units.parse_duration(text)) is not None:
            return now - timedelta(seconds=back)
        if clock := _CLOCK.fullmatch(text):
            hour, minute, second = (int(part or 0) for part in clock.groups())
            local = now.astimezone().replace(tzinfo=None)
            moment = local.replace(hour=hour, minute=minute, second=second, microsecond=0)
            return (moment - timedelta(days=1) if moment > local else moment).astimezone(UTC)
        if "-" in text:
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise UsageError(
        f"{option}: {text!r} is not a time",
        details=["a duration back from now: 90s, 10m, 1h30m, 2d", "or a time: 14:30, 2026-11-29, 2026-11-29T14:30Z"],
        next=next_step.again(option, "10m"),
    )


def wire(moment: datetime | str) -> str:
    """A time as the engine's API takes it: seconds since 1970, a point, nine digits."""
    if isinstance(moment, str):
        return f"{int(_second(moment).timestamp())}.{moment[20:29]}"
    return f"{int(moment.timestamp())}.{moment.microsecond:06d}000"


def stamp(moment: datetime) -> str:
    """A time as the engine writes it before each line: RFC 3339, UTC, nine digits of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def normalise(text: str) -> str:
    """An RFC 3339 time in the one form that sorts as text; engines other than Docker's write other forms."""
    if len(text) == 30 and text.endswith("Z"):
        return text
    whole, _, rest = text.partition(".")
    digits = re.match(r"\d*", rest)
    fraction = digits.group() if digits else ""
    moment = datetime.fromisoformat(whole + rest[len(fraction) :]).astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction[:9]:0<9}Z"


def moment(text: str) -> datetime:
    """An RFC 3339 time in UTC; what is finer than a microsecond is dropped.

    Raises:
        ValueError: The text is not such a time.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def shift(text: str, by: timedelta) -> str:
    """A time stamp of the engine, moved by whole seconds."""
    return f"{_second(text) + by:%Y-%m-%dT%H:%M:%S}{text[19:]}"


def apart(earlier: str, later: str) -> float:
    """Seconds between two time stamps of the engine."""
    if earlier[:19] == later[:19]:
        return (int(later[20:29]) - int(earlier[20:29])) / 1e9
    return (_second(later) - _second(earlier)).total_seconds() + (int(later[20:29]) - int(earlier[20:29])) / 1e9


def _second(text: str) -> datetime:
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
