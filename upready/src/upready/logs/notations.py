"""The notations of single programs and libraries for a level, other than a word in the head of a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SEVERITIES = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
"""The levels of syslog's numbers (RFC 5424, 6.2.1)."""

_DIGITS = "0123456789"
_LETTERS = {"E": "error", "F": "critical", "W": "warning", "I": "info", "D": "debug"}


@dataclass(frozen=True)
class Notation:
    """One notation.

    Attributes:
        first: The first characters that such a line may have; empty for any.
        pattern: Matches at the start of such a line.
        levels: The level; or the level of each text of the first group, unless that text is the name of a level.
        needle: A text in every such line; lines without it are not matched, which saves time.
    """

    first: str
    pattern: re.Pattern[str]
    levels: str | Mapping[str, str]
    needle: str = ""

    def read(self, line: str) -> str | None:
        """The level, or a name of it; None where the line has another notation."""
        match = self.pattern.match(line)
        if match is None:
            return None
        if isinstance(self.levels, str):
            return self.levels
        return self.levels.get(match[1], match[1])


ALL = (
    Notation(
        "n",
        re.compile(r"npm (ERR!|error|[Ww][Aa][Rr][Nn]|notice|info|verb|sill)(?:\s|$)"),
        {"ERR!": "error", "verb": "debug", "sill": "trace"},
    ),
    # yarn's, Next.js'
    Notation("eiw", re.compile(r"(error|info|warn)(?:\s+- | Command failed\b)"), {}),
    # pnpm's, and Next.js' signs
    Notation(" ", re.compile(r"\s*(?:ELIFECYCLE|ERR_PNPM_\w+|[\u2a2f\u2716\u2717])\s"), "error"),
    Notation(" ", re.compile(r"\s*\u26a0\s"), "warning"),
    # klog's, glog's: `E0102 15:04:05.000000`, with a year or without; Ruby's `E, [2026-11-29T10:00:00.000000 #1]`
    Notation("DEFIW", re.compile(r"([DEFIW])(?:\d{4,8} \d\d:\d\d:\d\d|, \[\d{4}-)"), _LETTERS),
    # PyTorch's, TensorFlow's
    Notation("[", re.compile(r"\[(?:[^\]]*\]:\[)?([EFIW])\d{4,8} \d\d:\d\d:\d\d"), _LETTERS),
    Notation(_DIGITS, re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: ([EFIW]) "), _LETTERS),
    # Redis': `1:M 29 Nov 2026 10:00:00.000 # …`
    Notation(
        _DIGITS,
        re.compile(r"\d+:[XCSM] \d\d \w{3} \d{4} [\d:.]+ ([.*#-]) "),
        {".": "debug", "-": "debug", "*": "info", "#": "warning"},
    ),
    # syslog's `<3>` and `<34>Oct 11 …`, webpack's `<e> [`
    Notation(
        "<",
        re.compile(r"<(\d{1,3})>(?:(?=\D)(?!\s)|(?=1 \d|\d{4}-))"),
        {str(number): SEVERITIES[number % 8] for number in range(192)},
    ),
    Notation("<", re.compile(r"<([ewit])> \["), {"e": "error", "w": "warning", "i": "info", "t": "trace"}),
    # Node's `(node:1) DeprecationWarning:`, Python's `/app/a.py:3: DeprecationWarning:`
    Notation("(", re.compile(r"\(node:\d+\) (?:\[\w+\] )?\w*Warning:"), "warning"),
    Notation("", re.compile(r"\S+:\d+: \w*Warning: "), "warning", needle="Warning: "),
    # Elixir's and Erlang's
    Notation("*", re.compile(r"\*\* \(\w[\w.]*\) "), "error"),
    Notation("=", re.compile(r"=(\w+) REPORT===="), {"CRASH": "error", "SUPERVISOR": "error", "PROGRESS": "info"}),
    # the sanitizers'
    Notation("=", re.compile(r"==\d+==(ERROR|WARNING): "), {}),
    # Monolog's `[…] local.ERROR:`, Celery's `[…: ERROR/MainProcess]`
    Notation("[", re.compile(r"\[[^\]]+\] [\w-]+\.([A-Z]{4,9}): "), {}),
    Notation("[", re.compile(r"\[[^\]]*\d: ([A-Z]{4,8})/"), {}),
    Notation(
        "",
        re.compile(
            r"(?:\[[^\]]*\] |[A-Z]+: )*(?:PHP message: )?"
            r"PHP (?:Recoverable |Catchable )?([Ff]atal|Parse|Warning|Notice|Deprecated)"
        ),
        {"Parse": "critical", "Notice": "info", "Deprecated": "warning"},
        needle="PHP ",
    ),
    # Programs that end.
    Notation("p", re.compile(r"panic: "), "critical"),
    Notation("t", re.compile(r"thread '.*' (?:(?:\(\d+\) )?panicked at |has overflowed its stack)"), "critical"),
    Notation("t", re.compile(r"terminate called "), "critical"),
    Notation("fF", re.compile(r"[Ff]atal error[:.] |fatal runtime error: |Fatal Python error: "), "critical"),
    Notation("S", re.compile(r"SIG(?:QUIT|SEGV|ABRT|BUS|FPE|ILL): |Segmentation fault"), "critical"),
    Notation("#", re.compile(r"# A fatal error has been detected"), "critical"),
    # Exceptions that nothing has caught.
    Notation("EUg", re.compile(r"Exception in |Unhandled exception|Uncaught |goroutine \d+ \[[^\]]+\]:$"), "error"),
    Notation("", re.compile(r"\S+:\d+:in ['`].*: .*\([\w:]+\)$"), "error", needle=":in "),
    *(
        Notation("", re.compile(rf"(?:[A-Za-z_$][\w$]*[.\\:]+)*[A-Z]\w*{name}(?: \[\w+\])?: "), "error", needle=name)
        for name in ("Error", "Exception")
    ),
    # TypeScript's
    Notation("", re.compile(r"\S+(?: -|:) error TS\d"), "error", needle="error TS"),
)


def read(line: str) -> str | None:
    """The level that a line tells in a notation of its own, or a name of it; None where it has none."""
    first = line[:1]
    for each in ALL:
        if (not each.first or first in each.first) and each.needle in line and (found := each.read(line)):
            return found
    return None
