"""The types of `@type`, and how a value is tested against them.

Each type is a function that takes the type's options and returns a test. A test takes a value and returns what it
should be, or None if it is correct. The value itself is never part of the answer: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from upready.envfile.notation import Call, Value
from upready.envfile.type_options import KindError, Options
from upready.support import spelling, units

Test = Callable[[str], str | None]

TRUE = frozenset({"t", "true", "yes", "on", "1"})
FALSE = frozenset({"f", "false", "no", "off", "0"})


@dataclass(frozen=True)
class Kind:
    """A variable's type, ready to test values: its name as written, and the test."""

    name: str
    test: Test


def build(value: Value) -> Kind:
    """Make a kind from the value of `@type=`.

    Raises:
        KindError: There is no such type, or its options are wrong.
    """
    call = Call(value) if isinstance(value, str) else value
    if not isinstance(call, Call):
        raise KindError("@type takes the name of a type")
    maker = _KINDS.get(call.name)
    if maker is None:
        near = spelling.meant(call.name, _KINDS)
        raise KindError(f"there is no type {call.name}{near}; known: {', '.join(sorted(_KINDS))}")
    options = Options(call)
    kind = Kind(call.name, maker(options))
    options.done()
    return kind


def _string(options: Options) -> Test:
    shortest, longest, length = options.number("minLength"), options.number("maxLength"), options.number("isLength")
    start, end = options.text("startsWith"), options.text("endsWith")
    pattern = options.pattern("matches")

    rules: list[tuple[Callable[[str], bool], str]] = []
    if shortest is not None:
        rules.append((lambda value: len(value) >= shortest, f"should have at least {shortest:g} characters"))
    if longest is not None:
        rules.append((lambda value: len(value) <= longest, f"should have at most {longest:g} characters"))
    if length is not None:
        rules.append((lambda value: len(value) == length, f"should have {length:g} characters"))
    if start is not None:
        rules.append((lambda value: value.startswith(start), f"should start with {start}"))
    if end is not None:
        rules.append((lambda value: value.endswith(end), f"should end with {end}"))
    if pattern is not None:
        rules.append((lambda value: pattern.search(value) is not None, f"should match {pattern.pattern}"))
    return lambda value: next((wanted for holds, wanted in rules if not holds(value)), None)


def _number(options: Options) -> Test:
    low, high, whole = options.number("min"), options.number("max"), options.flag("isInt")
    wanted = ("should be a whole number" if whole else "should be a number") + _range(low, high)

    def test(value: str) -> str | None:
        if not re.fullmatch(r"[+-]?\d+" if whole else r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", value, re.ASCII):
            return wanted
        return None if _lies_between(float(value), low, high) else wanted

    return test


def _port(options: Options) -> Test:
    low, high = options.number("min"), options.number("max")
    low, high = (1 if low is None else low), (65535 if high is None else high)
    wanted = "should be a port, a whole number" + _range(low, high)

    def test(value: str) -> str | None:
        is_port = re.fullmatch(r"\d{1,5}", value, re.ASCII)
        return None if is_port and _lies_between(int(value), low, high) else wanted

    return test


def _boolean(_: Options) -> Test:
    def test(value: str) -> str | None:
        return None if value.lower() in TRUE | FALSE else "should be true or false"

    return test


def _enum(options: Options) -> Test:
    members = options.arguments()
    if not members:
        raise KindError("enum takes the possible values: enum(a, b)")

    def test(value: str) -> str | None:
        return None if value in members else f"should be one of: {', '.join(members)}"

    return test


def _url(options: Options) -> Test:
    protocols = [protocol.rstrip(":").lower() for protocol in options.texts("allowedProtocols")]
    pattern = options.pattern("matches")

    def test(value: str) -> str | None:
        parts = split_url(value)
        if parts is None:
            return "should be a URL, such as https://example.com:8443/path"
        if protocols and parts.scheme.lower() not in protocols:
            return f"should be a URL that starts with {' or '.join(f'{protocol}://' for protocol in protocols)}"
        if pattern is not None and not pattern.search(value):
            return f"should match {pattern.pattern}"
        return None

    return test


def _email(_: Options) -> Test:
    def test(value: str) -> str | None:
        good = re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", value)
        return None if good else "should be an e-mail address, such as ops@example.com"

    return test


def _duration(options: Options) -> Test:
    bounds = [(name, options.text(name)) for name in ("min", "max")]
    seconds = {name: _seconds(text) for name, text in bounds if text is not None}
    for name, amount in seconds.items():
        if amount is None:
            raise KindError(f"{name} takes a duration, such as 30s")
    given = [f"{name} {text}" for name, text in bounds if text is not None]
    wanted = "should be a duration, such as 500ms, 30s or 1h30m" + (f" ({', '.join(given)})" if given else "")

    def test(value: str) -> str | None:
        amount = _seconds(value)
        if amount is None:
            return wanted
        return None if _lies_between(amount, seconds.get("min"), seconds.get("max")) else wanted

    return test


def _array(options: Options) -> Test:
    named, separator = options.element(), options.text("separator") or ","
    element = build(named) if named is not None else None
    low, high, exact = (options.number(name) for name in ("minLength", "maxLength", "isLength"))
    unique = options.flag("unique")

    def test(value: str) -> str | None:
        parts = [part.strip() for part in value.split(separator)]
        if not all(parts):
            return f"should have a value before and behind each `{separator}`"
        for bad, wanted in (
            (low is not None and len(parts) < low, f"should have at least {low} values"),
            (high is not None and len(parts) > high, f"should have at most {high} values"),
            (exact is not None and len(parts) != exact, f"should have {exact} values"),
            (unique and len(set(parts)) < len(parts), "should not have a value twice"),
        ):
            if bad:
                return wanted.replace(".0 ", " ")
        tested = ((number, element.test(part)) for number, part in enumerate(parts, 1)) if element else ()
        found = next(((number, wanted) for number, wanted in tested if wanted), None)
        if found is None:
            return None
        return f"{found[1]}, number {found[0]}" if len(parts) > 1 else found[1]

    return test


def split_url(value: str) -> SplitResult | None:
    """The parts of a URL: a scheme, a host (or a path, as in `file:///x`) and no space; None if it is not one."""
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", value) or re.search(r"\s", value):
        return None
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises when it is no number
    except ValueError:
        return None
    return parts if parts.hostname or (parts.path and not parts.netloc) else None


def _seconds(text: str) -> float | None:
    """A duration in seconds; a bare number counts milliseconds, as in @env-spec."""
    if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        return float(text) / 1000
    return units.parse_duration(text)


def _lies_between(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return f" of at most {high:g}" if high is not None else ""


_KINDS: dict[str, Callable[[Options], Test]] = {
    "array": _array,
    "boolean": _boolean,
    "duration": _duration,
    "email": _email,
    "enum": _enum,
    "number": _number,
    "port": _port,
    "string": _string,
    "url": _url,
}
