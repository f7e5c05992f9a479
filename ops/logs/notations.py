"""How programs write a level into a line of plain text: the word, or nothing where a line only looks so.

Most lines begin with a head (times, brackets, a process, a logger) and the level in capitals; one expression finds those.
What else there is, is looked for by the line's first character, so that an ordinary line costs little.
"""

from __future__ import annotations

import re

HEAD = 160
"""Characters at the start of a text among which a level is looked for: later, the word is part of the message."""

_CAPITAL = (
    "TRACE[1-8]?|DEBUG[1-5]?|VERBOSE|INFO(?:RMATION)?|NOTICE|LOG|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRIT(?:ICAL)?|FATAL|ALERT"
    "|EMERG(?:ENCY)?|DPANIC|PANIC|CONFIG|FINE(?:R|ST)?"
)
_SHORT = "TRC|DBG|INF|WRN|FTL|PNC|VRB|TRAC|DEBU|ERRO|FATA|PANI"
"""Serilog's, zerolog's and logrus' words; outside a head they may mean anything."""

_SMALL = frozenset(
    "trace trce debug dbug verbose silly info information notice note system log warn warning err error fail severe crit "
    "critical fatal alert emerg emergency panic".split()
)
_AFTER = r"(?=[\s\]):|>,/-]|\[\d|$)"
_TIME = r"[\[(]?[\d:.,+/ -]*+(?:T\d[\d:.,+-]*+Z?|[AP]M\b)?[\])]?"

_USUAL = re.compile(
    # `2026-11-29T10:00:00.123Z  INFO`, `[12:00:00 ERR]`, `10:00:00.123 [main] WARN`, `[29-Nov-2026 10:00:00] NOTICE:`
    rf"(?>{_TIME})\s*+(?:(?:\[[^\]]*+\]|[\d.]++|-++|\||UTC|[AP]M|[+-]\d\d:?\d\d)[\s:]++)*+[\[(|<]?({_CAPITAL}|{_SHORT}){_AFTER}"
)
_WEAK = frozenset(["TRACE", "LOG", "NOTICE", "ALERT", "PANIC", "EMERG", "EMERGENCY", "VERBOSE", "CONFIG", "FINE"])
"""Words that also begin an ordinary line, as LOG does in a query; alone there, they need a sign behind them."""

_ANYWHERE = re.compile(rf"(?:{_CAPITAL})(?=[\s\]):|>,-]|$)")
"""Letters first: Python searches for these ten times as quickly as for what may stand before them."""
_SIGNS = (":", "]", "|", ")")
_KEYS = ("level=", "lvl=", "severity=")
_VALUE = re.compile(r"\"?([A-Za-z]+)")
_TAG = re.compile(r"[\[<](?:[\w-]+:)?([A-Za-z]+)\d?[\]>]")
"""`[error]`, Apache's `[core:error]`, MySQL's `[Warning]`, ClickHouse's `<Error>`"""
_SETTING = re.compile(r"(?:true|false|on|off|yes|no|none|null|nil|\d+)$|0\b")
"""What stands behind `debug: ` where that is no level but a setting, behind `Error: ` where it is a count."""

_TAGGED = re.compile(
    rf"(?>{_TIME})\s*+(?:(?:\[[^\]]*+\]|\d+)\s*+)*?\[(?:[\w-]+:)?({'|'.join(sorted(_SMALL))})\d?\]", re.IGNORECASE
)

_BRACKETS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\{[^}]*\}")
_CLOCK = re.compile(r"\d:\d\d")
_ZONE = re.compile(r"UTC|GMT|[A-Z]{2,3}T|[AP]M|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Ju[nl]|Aug|Sep|Oct|Nov|Dec")
_WORD = re.compile(r"[A-Za-z']+[,.;!?]?")

_FIXED: dict[str, re.Pattern[str]] = {
    # npm's and yarn's
    "n": re.compile(r"npm (ERR!|error|[Ww][Aa][Rr][Nn]|notice|info|verb|sill)(?=\s|$)"),
    "e": re.compile(r"(error)(?:\s+- | Command failed\b)"),
    "w": re.compile(r"(warn)\s+- "),
    "i": re.compile(r"(info)\s+- "),
    # klog's, glog's: `E0102 15:04:05.000000`, with a year or without; Ruby's `E, [2026-11-29T10:00:00.000000 #1] ERROR`
    **{letter: re.compile(r"([IWEFD])(?:\d{4,8} \d\d:\d\d:\d\d|, \[\d{4}-)") for letter in "IWEFD"},
    # an uncaught exception of Ruby, Python or Java, the compilers' `error TS2304:`
    "/": re.compile(r"\S+:\d+:in ['`].*: .*(\([\w:]+\))$"),
    "<": re.compile(r"<(\d{1,3})>(?:(?=\D)(?!\s)|(?=1 \d|\d{4}-))|<([ewit])> \["),
    "(": re.compile(r"\(node:\d+\) (?:\[\w+\] )?\w*(Warning):"),
    "*": re.compile(r"(\*\* \()\w[\w.]*\) "),
    "=": re.compile(r"=(\w+) REPORT====|==\d+==(ERROR): "),
    " ": re.compile(r"\s*(ELIFECYCLE|ERR_PNPM_\w+|[\u2a2f\u2716\u2717]|\u26a0)\s"),
}
_LETTERS = {"E": "error", "F": "critical", "W": "warning", "I": "info", "D": "debug", "e": "error", "w": "warning"}
_OWN = {
    "ERR!": "error",
    "verb": "debug",
    "sill": "trace",
    "** (": "error",
    "CRASH": "error",
    "SUPERVISOR": "error",
    "PROGRESS": "info",
    "\u26a0": "warning",
    "i": "info",
    "t": "trace",
    **_LETTERS,
}
_REDIS = re.compile(r"\d+:[XCSM] \d\d \w{3} \d{4} [\d:.]+ ([.*#-]) ")
_REDIS_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}
_TENSORFLOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: ([IWEF]) ")
_RANKED = re.compile(r"\[(?:[^\]]*\]:\[)?([IWEF])\d{4,8} \d\d:\d\d:\d\d")
_PHP = re.compile(
    r"(?:\[[^\]]*\] |[A-Z]+: )*(?:PHP message: )?PHP ((?:Recoverable |Catchable )?[Ff]atal|Parse|Warning|Notice|Deprecated)"
)
_PHP_LEVELS = {"Fatal": "critical", "Parse": "critical", "Warning": "warning", "Notice": "info", "Deprecated": "warning"}
_PYTHON = re.compile(r"\S+:\d+: \w*Warning: ")
_MONOLOG = re.compile(rf"\[[^\]]+\] [\w-]+\.({_CAPITAL}): ")
_CELERY = re.compile(rf"\[[^\]]*\d: ({_CAPITAL})/")
_SEVERITIES = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
"""syslog's, by number (RFC 5424, 6.2.1)."""

_CRITICAL = re.compile(
    r"panic: |[Ff]atal error[:.] |thread '.*' (?:(?:\(\d+\) )?panicked at |has overflowed its stack)|fatal runtime error: "
    r"|SIG(?:QUIT|SEGV|ABRT|BUS|FPE|ILL): |Fatal Python error: |terminate called |Segmentation fault|# A fatal error has"
)
_EXCEPTION = re.compile(r"(?:[A-Za-z_$][\w$]*[.\\:]+)*[A-Z]\w*(?:Error|Exception)(?: \[\w+\])?: ")
_UNCAUGHT = re.compile(r"Exception in |Unhandled exception|Uncaught |goroutine \d+ \[[^\]]+\]:$")
_TYPESCRIPT = re.compile(r"\S+(?: -|:) error TS\d")
_SECOND = re.compile(r"(SEVERE|WARNING|INFO|CONFIG|FINE(?:R|ST)?): ")


def word(head: str) -> str | None:
    """The word, or the level itself, by which a line's start tells its level; None where it does not."""
    if "PHP " in head and (match := _PHP.match(head)):
        return _PHP_LEVELS.get(match[1].rpartition(" ")[2].title())
    if match := _USUAL.match(head):
        found = match[1]
        start, end = match.span(1)
        before, signed = head[:start], head[end : end + 1] in _SIGNS
        if signed or (found not in _WEAK if not before else _CLOCK.search(before) or not before.strip().isdigit()):
            return found
    if "]" in head and (match := _TAGGED.match(head)):
        return match[1]
    first = head[:1]
    if first in _FIXED and (match := _FIXED[first].match(head)) and (level := _own(first, match)):
        return level
    if first.isdigit() and (found := _numbered(head)):
        return found
    if first == "[":
        if match := _MONOLOG.match(head) or _CELERY.match(head):
            return match[1]
        if match := _RANKED.match(head):
            return _LETTERS[match[1]]
    if first in "pfFtS#" and _CRITICAL.match(head):
        return "critical"
    if first in "EUg" and _UNCAUGHT.match(head):
        return "error"
    if "rror" in head or "arning" in head or "xception" in head:
        if _EXCEPTION.match(head) or _TYPESCRIPT.match(head):
            return "error"
        if _PYTHON.match(head):
            return "warning"
    return _first(head)


def _own(first: str, match: re.Match[str]) -> str | None:
    """The level in a notation that only lines with this first character have."""
    if first == "<" and match[1]:
        number = int(match[1])
        return _SEVERITIES[number % 8] if number < 192 else None
    found = next(filter(None, match.groups()))
    if first in "/ " and found not in _OWN:
        return "error"
    return _OWN.get(found, found)


def _numbered(head: str) -> str | None:
    """The level of those that begin with a number and write neither a word nor brackets: Redis, TensorFlow."""
    if match := _REDIS.match(head):
        return _REDIS_LEVELS[match[1]]
    if match := _TENSORFLOW.match(head):
        return _LETTERS[match[1]]
    return None


def _first(head: str) -> str | None:
    """The first word that tells a level and stands where a head would have it, not within a sentence."""
    at, found = _capitals(head)
    if "=" in head:
        for key in _KEYS:
            start = head.find(key, 0, at)
            if start >= 0 and _is_field(head[:start]) and (value := _VALUE.match(head, start + len(key))):
                at, found = start, value[1]
    if "[" in head or "<" in head:
        for match in _TAG.finditer(head, 0, at):
            if match[1].lower() in _SMALL and _is_tag(head, match):
                at, found = match.start(), match[1]
                break
    end = head.find(": ", 0, at)
    while end >= 0:
        before, space, word = head[:end].rpartition(" ")
        if word == "error" and before.endswith("fatal"):
            before, space, word = before[:-5].rpartition(" ")[0], " ", "fatal"
        if word.lower() in _SMALL and _is_named(before + space) and not _SETTING.match(head, end + 2):
            return word
        end = head.find(": ", end + 2, at)
    if found is None and "\t" in head:
        fields = head.split("\t", 2)
        return fields[1] if len(fields) == 3 and fields[1] in _SMALL and fields[0][:1].isdigit() else None
    return found


def _capitals(head: str) -> tuple[int, str | None]:
    """Where the first word in capitals stands that is a level, and the word; the end where there is none."""
    for capitals in _ANYWHERE.finditer(head):
        start, end = capitals.span()
        before = head[start - 1 : start]
        if before and not (before.isspace() or before in "[(|<"):
            continue
        signed = head[end : end + 1] in _SIGNS
        if not (start or signed) and capitals[0] in _WEAK:
            continue
        if _is_head(head[:start].rstrip("[(|<"), signed=signed and before != "("):
            return start, capitals[0]
    return len(head), None


def _is_tag(head: str, match: re.Match[str]) -> bool:
    """Whether a word in brackets is a level where it stands; `<error>` at a start is XML."""
    before = head[: match.start()]
    return (match[0][0] == "[" or bool(_CLOCK.search(before))) and _is_head(before, signed=False)


def _is_named(before: str) -> bool:
    """Whether a word with a colon is a level behind this: nothing, a time, a name with a colon."""
    return not before.strip() or (not before.rstrip()[-1].isalpha() or before[-3:-1].isupper()) and _is_head(before, signed=False)


def _is_field(before: str) -> bool:
    """Whether `level=` behind this is a field of a line of such fields, not an option in a sentence."""
    if before and not before[-1].isspace():
        return False
    return not before.strip() or before[0].isdigit() or before[0] == "[" or "=" in before.split(None, 1)[0]


def _is_head(before: str, *, signed: bool) -> bool:
    """Whether what stands before a level is a head: times, brackets, a process, a logger's name; no sentence.

    Args:
        before: The line up to the word.
        signed: Whether a sign behind the word says as much as a head would.
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


def second(rest: str) -> str | None:
    """The word on the second line of java.util.logging's notation, whose first names the time and the method."""
    match = _SECOND.match(rest)
    return match[1] if match else None
