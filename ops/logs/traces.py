"""Which lines belong to the one before them though nothing indents them: what programs print of an exception or a panic.

A line is looked at only where the entry before it may have such lines (`opens`), so that ordinary ones cost nothing.
"""

from __future__ import annotations

import re

PYTHON = "Traceback (most recent call last):"
CHAIN = ("During handling of the above exception,", "The above exception was the direct cause")

OPENERS = {
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
"""By its first character, how a line begins that lines without an indentation may continue, whatever else it says."""

TELLING = ("rror", "RROR", "xcept")
"""Where none of these is in some lines, no other line among them opens anything."""

_DATED = re.compile(r"[JFMASOND][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d\s[AP]M \S+ \S+$")
"""The first line of java.util.logging: time, class, method; the level and the message come on the next."""

_TROUBLE = re.compile(
    r"error|exception|critical|fatal|panic|fail|warn|severe|crash|uncaught|unhandled|terminat|abort|goroutine \d"
    r"|\b(?:ERR|WRN|FTL|CRIT|EMERG|ALERT)\b|^[EFW]\d{4}|^\*\* \(|^SIG[A-Z]+: ",
    re.IGNORECASE,
)

_EXCEPTION = re.compile(
    # `java.io.IOException: x`, `System.TimeoutException: x`, `TypeError [ERR_X]: x`, `RuntimeError (x):`
    r"(?:Uncaught |Unhandled exception\. |Exception: |\[previous exception\] )?"
    r"(?:(?:[A-Za-z_$][\w$]*(?:\.|\\|::))+[A-Z][\w$]*|[A-Z][\w$]*(?:Error|Exception|Throwable|Interrupt|Exit))"
    r"(?: \[\w+\])?(?:: |:?$| \(.*\):$)"
)
_TRAIL = re.compile(
    r"(?:PHP )?[Ss]tack ?[Tt]race(?:back)?:?|(?:stack )?[Bb]acktrace:|\[stacktrace\]|Require stack:|PHP +\d+\. |#\d+ +\S"
    r"|--- End of (?:inner exception )?stack trace|Caused by: |Suppressed: |note: (?:run with|[Ss]ome details)"
    r"|goroutine \d+ .*\[[^\]]+\]:$|\[signal SIG|\[recovered\]|\*\* \(\w|\S+:\d+:in ['`]|Node\.js v\d|\"\} *$"
    r"|Current thread 0x|Thread 0x|Extension modules: |exit status \d"
)
"""Lines that only ever follow an error."""

_GO_NAME = re.compile(r"[\w./~-]+(?:\.\(\*?[\w.\[\]]+\))?(?:\.[\w.\[\]-]+)+$")
"""A function as zap and pkg/errors print it; its place follows, indented."""
_GO_FRAME = re.compile(r"\S+\(.*\)$|created by |\.\.\.\d* ?(?:additional|more) frames|\w+ +0x[0-9a-f]+$|PC=0x")
_OTP = re.compile(
    r"(?:Last message|State|Client|Server|Request|Initial Call|Ancestors|Function|Process|Queued messages|Neighbours"
    r"|Start Call|Message Queue Length|Trap Exit|Label)\b.*"
)
_JUL = re.compile(r"(?:SEVERE|WARNING|INFO|CONFIG|FINE(?:R|ST)?): ")
_PANICKED = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at .*:\d+:\d+:$")
_STAMPED = re.compile(r"\s+\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def opens(text: str) -> bool:
    """Whether lines without an indentation may follow that belong to this one."""
    prefixes = OPENERS.get(text[:1])
    return bool(prefixes and text.startswith(prefixes)) or bool(_TROUBLE.search(text[:400]))


def dated(text: str) -> bool:
    """Whether a line is the first one of java.util.logging's two."""
    return bool(_DATED.match(text))


def trouble(text: str) -> bool:
    """Whether a text tells of something that has gone wrong, so that a trace may follow."""
    return bool(_TROUBLE.search(text[:400]))


def indented(text: str) -> bool:
    """Whether an indented line goes on with the one before; Rust's `tracing` indents whole entries, time and all."""
    return not _STAMPED.match(text)


def follows(held: str, last: str, text: str) -> bool:
    """Whether a line without an indentation goes on with an entry.

    Args:
        held: The entry so far.
        last: Its last line.
        text: The line.
    """
    if _PANICKED.match(last) or _DATED.match(last):
        return True
    if text.startswith(("npm ERR!", "npm error")):
        return held.startswith(text[:8])
    if held.startswith("thread '") and "\nstack backtrace:" in held:
        return False
    if text.startswith("Next ") and "Stack trace:" in held:
        return True
    if not trouble(held):
        return False
    if _TRAIL.match(text) or _EXCEPTION.match(text):
        return True
    if ("goroutine " in held or held.startswith(("panic: ", "fatal error: ", "SIG"))) and _GO_FRAME.match(text):
        return True
    if (" " not in text and _GO_NAME.match(text)) and ("\n" not in held or last.startswith("\t")):
        return True
    if text.startswith("- ") and "Require stack:" in held:
        return True
    if "validation error" in last or "validation errors for" in held:
        return bool(re.fullmatch(r"[\w.\[\]-]+", text))
    return "\n** (" in held and bool(_OTP.fullmatch(text))
