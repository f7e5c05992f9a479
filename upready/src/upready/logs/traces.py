"""Lines of exceptions and panics that belong to the line before them, although they are not indented.

A line is examined only after an entry that may have such lines (`opens`), so ordinary lines cost no time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PYTHON = "Traceback (most recent call last):"
CHAIN = ("During handling of the above exception,", "The above exception was the direct cause")

OPENERS = {
    "T": (PYTHON,),
    "p": ("panic: ",),
    "f": ("fatal error: ",),
    "t": ("thread '",),
    "g": ("goroutine ",),
    "S": ("SIG",),
    "n": ("npm ERR!", "npm error"),
    "P": ("PHP ",),
    "*": ("** (",),
    "=": ("=",),
    "E": ("Exception in ",),
    "U": ("Unhandled exception",),
    "F": ("Fatal ", "FATAL "),
}
_MONTHS = frozenset("JFMASOND")
FIRST = frozenset(OPENERS) | _MONTHS
"""The first characters of lines for which `opens` may be true."""

TELLING = ("xception", "Error", "\tERROR\t")
"""Without one of these texts, a line with any other first character opens nothing."""

_DATED = re.compile(r"[JFMASOND][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d\s[AP]M \S+ \S+$")
"""The first line of java.util.logging: time, class, method. Level and message are on the next line."""

_TROUBLE = ("error", "exception", "critical", "fatal", "panic", "fail", "warn", "severe", "crash", "uncaught", "abort")
_ENDED = ("unhandled", "terminat", "goroutine")
_SHORT = re.compile(r"(?:ERR|WRN|FTL|CRIT|EMERG|ALERT)\b")
_BEGUN = re.compile(r"[EFW]\d{4}|SIG[A-Z]+: |.{0,60}\*\* \(")

_EXCEPTION = re.compile(
    # `java.io.IOException: x`, `System.TimeoutException: x`, `TypeError [ERR_X]: x`, `RuntimeError (x):`
    r"(?:Uncaught |Unhandled exception\. |Exception: |\[previous exception\] )?"
    r"(?:(?:[A-Za-z_$][\w$]*(?:\.|\\|::))+[A-Z][\w$]*|[A-Z][\w$]*(?:Error|Exception|Throwable|Interrupt|Exit))"
    r"(?: \[\w+\])?(?:: |:?$| \(.*\):$)"
)
_TRAIL = re.compile(
    r"[Ss]tack ?[Tt]race(?:back)?:|(?:stack )?[Bb]acktrace:|\[stacktrace\]|Require stack:|#\d+ +\S|\"\} *$"
    r"|(?:\[[^\]]*\] )?PHP (?:Stack trace:| +\d+\. )|--- End of (?:inner exception )?stack trace"
    r"|Caused by:|Suppressed: |Location:$|note: (?:run with|[Ss]ome details)|\S+:\d+:in ['`]|Node\.js v\d"
    r"|goroutine \d+ .*\[[^\]]+\]:$|\[signal SIG|\[recovered\]|exit status \d|\*\* \(\w"
    r"|Current thread 0x|Thread 0x|Extension modules: "
)
"""Lines that only ever follow an error."""

_GO_NAME = re.compile(r"[\w./~-]+(?:\.\(\*?[\w.\[\]]+\))?(?:\.[\w.\[\]-]+)+$")
"""A function as zap and pkg/errors print it; file and line follow, indented."""
_GO_FRAME = re.compile(r"\S+\(.*\)$|created by |\.\.\.(?:additional frames|\d+ frames)|\w+ +0x[0-9a-f]+$|PC=0x")
_OTP = re.compile(
    r"(?:Last message|State|Client|Server|Request|Initial Call|Ancestors|Function|Process|Queued messages|Neighbours"
    r"|Start Call|Message Queue Length|Trap Exit|Label)\b.*"
)
_JUL = re.compile(r"(?:SEVERE|WARNING|INFO|CONFIG|FINE(?:R|ST)?): ")
_PANICKED = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at .*:\d+:\d+:$")
_AFTER_BLANK = re.compile(r"(?:Uncaught )?[\w.]*(?:Error|Exception)\b|Node\.js v\d|goroutine \d")
_CARET = re.compile(r"\s*\^+")
"""The mark under the source line that Node shows. The error follows after a blank line."""
_FIELD = re.compile(r"[\w.\[\]-]+")
"""A field that pydantic refused."""
_STAMPED = re.compile(r"\s+\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def opens(text: str, telling: Sequence[str]) -> bool:
    """Whether lines that are not indented may continue this one; `telling` are those of `TELLING` to look for."""
    first = text[:1]
    if first in OPENERS and text.startswith(OPENERS[first]):
        return True
    if first in _MONTHS and text[3:4] == " " and _DATED.match(text):
        return True
    return any(each in text for each in telling)


def expects(held: str) -> bool:
    """Whether another line surely follows: the last one announces it."""
    last = held.rpartition("\n")[2]
    return bool(_PANICKED.match(last) or _DATED.match(last))


def trouble(text: str) -> bool:
    """Whether a text reports an error or a warning, so that a traceback may follow."""
    start = text[:1000].lower()
    return any(each in start for each in (*_TROUBLE, *_ENDED)) or bool(
        _SHORT.search(text, 0, 200) or _BEGUN.match(text)
    )


def indented(text: str) -> bool:
    """Whether an indented line continues the one before. Rust's `tracing` indents whole entries, with their time."""
    return not _STAMPED.match(text)


def follows(held: str, text: str, *, blank: bool) -> bool:
    """Whether a line that is not indented continues an entry.

    Args:
        held: The entry until now.
        text: The line.
        blank: Whether there are blank lines between them.
    """
    last = held.rpartition("\n")[2]
    if (last[:1] == "t" and _PANICKED.match(last)) or (blank and (_AFTER_BLANK.match(text) or _CARET.fullmatch(last))):
        return True
    if _TRAIL.match(text) or (_EXCEPTION.match(text) and not _EXCEPTION.match(last)):
        return trouble(held)
    if _GO_FRAME.match(text):
        return "goroutine " in held or held.startswith(("panic: ", "fatal error: ", "SIG"))
    return _word_follows(held, last, text) if " " not in text else _words_follow(held, last, text)


def _word_follows(held: str, last: str, text: str) -> bool:
    """The same for a line of one word: a function in a traceback of zap, or a field that pydantic refused."""
    if "\t" in held and _GO_NAME.match(text) and trouble(held):
        return "\n" not in held or last.startswith("\t")
    return "validation error" in held and bool(_FIELD.fullmatch(text))


def _words_follow(held: str, last: str, text: str) -> bool:
    """The same for lines of single programs."""
    return (
        (text.startswith(OPENERS["n"]) and held.startswith(text[:8]))
        or (text.startswith("- ") and "Require stack:" in held)
        or (text.startswith("Next ") and "Stack trace:" in held)
        or ("\n** (" in held and bool(_OTP.match(text)))
        or (bool(_JUL.match(text)) and bool(_DATED.match(last)))
    )
