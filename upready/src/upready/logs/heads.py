"""The level in the head of a log line: a word after a time, in brackets, or behind the name of a logger.

The same word in a sentence is no level, so the text before the word decides.
"""

from __future__ import annotations

import re

LONGEST = 160
"""Characters at the start of a text that are searched for a level; later words belong to the message."""

_CAPITAL = (
    "TRACE[1-8]?|DEBUG[1-5]?|VERBOSE|INFO(?:RMATION)?|NOTICE|LOG|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|FATAL|ALERT"
    "|EMERG(?:ENCY)?|DPANIC|PANIC|CONFIG|FINE(?:R|ST)?"
)
_SHORT = "TRC|DBG|INF|WRN|FTL|PNC|VRB|TRAC|DEBU|ERRO|FATA|PANI"
"""The words of Serilog, zerolog and logrus; outside a head they may mean anything."""

_SMALL = frozenset(
    re.findall(
        r"\w+",
        "trace trce debug dbug verbose silly info information notice note system log warn warning err error fail "
        "severe crit critical fatal alert emerg emergency panic",
    )
)
_WEAK = frozenset(
    ["TRACE", "LOG", "NOTICE", "ALERT", "PANIC", "EMERG", "EMERGENCY", "VERBOSE", "CONFIG", "FINE", "FINER", "FINEST"]
)
"""Words that may also begin an ordinary line; at the start of a line they count only with a sign behind them."""

_SIGNS = (":", "]", "|", ")")
_TIME = r"[\[(]?[\d:.,+/ -]*+(?:T\d[\d:.,+-]*+Z?|[AP]M\b)?[\])]?"

_USUAL = re.compile(
    # `2026-11-29T10:00:00.123Z  INFO`, `[12:00:00 ERR]`, `10:00:00.123 [main] WARN`, `[29-Nov-2026 10:00:00] NOTICE:`
    rf"(?>{_TIME})\s*+(?:(?:\[[^\]]*+\]|[\d.]++|-++|\||UTC|[AP]M|[+-]\d\d:?\d\d)[\s:]++)*+"
    rf"[\[(|<]?({_CAPITAL}|{_SHORT})(?=[\s\]):|>,/-]|\[\d|$)"
)
_TAGGED = re.compile(
    # nginx' `2026/11/29 10:00:00 [error]`, Apache's `[Mon Nov 29 …] [core:error]`, MySQL's `… 0 [Warning]`
    rf"(?>{_TIME})\s*+(?:(?:\[[^\]]*+\]|\d+)\s*+)*?\[(?:[\w-]+:)?({'|'.join(sorted(_SMALL))})\d?\]",
    re.IGNORECASE,
)

_ANYWHERE = re.compile(rf"(?:{_CAPITAL})(?=[\s\]):|>,-]|$)")
"""Begins with letters: Python finds these ten times as fast as the characters that may stand before them."""
_KEYS = ("level=", "lvl=", "severity=")
_VALUE = re.compile(r"\"?([A-Za-z]+)")
_TAG = re.compile(r"[\[<](?:[\w-]+:)?([A-Za-z]+)\d?[\]>]")
_SETTING = re.compile(r"(?:true|false|on|off|yes|no|none|null|nil|\d+)$|0\b")
"""A value behind `debug: `, which is then a setting and no level; or a count behind `Error: `."""

_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}")
_CLOCK = re.compile(r"\d:\d\d")
_ZONE = re.compile(
    r"UTC|GMT|[A-Z]{2,3}T|[AP]M|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Ju[nl]|Aug|Sep|Oct|Nov|Dec"
)
_WORD = re.compile(r"[A-Za-z']+[,.;!?]?")
_SECOND = re.compile(r"(SEVERE|WARNING|INFO|CONFIG|FINE(?:R|ST)?): ")


def usual(line: str) -> str | None:
    """The level word in the kind of head that most programs write; None without such a head."""
    if match := _USUAL.match(line):
        start, end = match.span(1)
        before = line[:start]
        if line[end : end + 1] in _SIGNS:
            return match[1]
        # `LOG in`, `3 ERROR lines`
        if match[1] not in _WEAK if not before else _CLOCK.search(before) or not before.strip().isdigit():
            return match[1]
    if "]" in line and (match := _TAGGED.match(line)):
        return match[1]
    return None


def word(line: str) -> str | None:
    """The first level word that stands in a head of any kind, not in a sentence."""
    at, found = _capitals(line)
    if "=" in line:
        at, found = _field(line, at, found)
    if "[" in line or "<" in line:
        at, found = _tag(line, at, found)
    if named := _named(line, at):
        return named
    if found is None and "\t" in line:
        fields = line.split("\t", 2)
        return fields[1] if len(fields) == 3 and fields[1] in _SMALL and fields[0][:1].isdigit() else None
    return found


def second(rest: str) -> str | None:
    """The level word on the second line of java.util.logging; its first line has the time and the method."""
    match = _SECOND.match(rest)
    return match[1] if match else None


def _capitals(line: str) -> tuple[int, str | None]:
    """The place of the first level word in capitals, and the word; the end of the line and None without one."""
    for capitals in _ANYWHERE.finditer(line):
        start, end = capitals.span()
        before = line[start - 1 : start]
        if before and not (before.isspace() or before in "[(|<"):
            continue
        signed = line[end : end + 1] in _SIGNS
        if not (start or signed) and capitals[0] in _WEAK:
            continue
        if _is_head(line[:start].rstrip("[(|<"), signed=signed and before != "("):
            return start, capitals[0]
    return len(line), None


def _field(line: str, at: int, found: str | None) -> tuple[int, str | None]:
    """`level=` in a line of such fields, if it stands before `at`; not an option in a sentence."""
    for key in _KEYS:
        start = line.find(key, 0, at)
        before = line[: max(start, 0)]
        if start < 0 or (before and not before[-1].isspace()):
            continue
        if not before.strip() or before[0].isdigit() or before[0] == "[" or "=" in before.split(None, 1)[0]:
            value = _VALUE.match(line, start + len(key))
            return (start, value[1]) if value else (at, found)
    return at, found


def _tag(line: str, at: int, found: str | None) -> tuple[int, str | None]:
    """`[error]` or `<Error>` in a head, if it stands before `at`; `<error>` without a time is XML."""
    for match in _TAG.finditer(line, 0, at):
        before = line[: match.start()]
        known = match[1].lower() in _SMALL and (match[0][0] == "[" or _CLOCK.search(before))
        if known and _is_head(before, signed=False):
            return match.start(), match[1]
    return at, found


def _named(line: str, at: int) -> str | None:
    """`error: …` before `at`: at the start, or behind a time, the name of a program, or a place in a file."""
    end = line.find(": ", 0, at)
    while end >= 0:
        before, space, name = line[:end].rpartition(" ")
        if name == "error" and before.endswith("fatal"):
            before, space, name = before[:-5].rpartition(" ")[0], " ", "fatal"
        if name.lower() in _SMALL and not _SETTING.match(line, end + 2):
            before = (before + space).rstrip()
            behind = not before or not before[-1].isalpha() or before[-2:].isupper()
            if behind and _is_head(before, signed=False):
                return name
        end = line.find(": ", end + 2, at)
    return None


def _is_head(before: str, *, signed: bool) -> bool:
    """Whether the text before a word is a head: times, brackets, a process, the name of a logger; no sentence.

    Where the word is `signed`, which means that a sign follows it, less of a head is needed.
    """
    rest = _BRACKETS.sub(" ", before).split()
    if not rest:
        return True
    words = [each for each in rest if _WORD.fullmatch(each) and not _ZONE.fullmatch(each)]
    if any(each[-1] in ",.;!?" for each in words):
        return False
    if _CLOCK.search(before):
        return len(words) <= (4 if signed else 2)
    if len(rest) > (3 if signed else 1) + ("-" in rest) * 2:
        return False
    # `3 ERROR lines`, `Set DEBUG to see more`
    return not rest[-1].isdigit() and not (words and words[0].istitle() and not signed)
