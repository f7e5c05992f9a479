"""What `@type` can say, and how a value is held against it.

A kind is one small function that takes the type's arguments and gives a test; a test takes a value and returns what it
should be, or nothing when it is fine. The value itself is never part of the answer: it may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from upready.envfile.notation import Call, Value
from upready.support import spelling, units

Test = Callable[[str], str | None]

TRUE = frozenset({"t", "true", "yes", "on", "1"})
FALSE = frozenset({"f", "false", "no", "off", "0"})


class KindError(Exception):
    """The type's own arguments make no sense; the message says which and why."""


@dataclass(frozen=True)
class Kind:
    """A variable's type, ready to test values: its name as written, and the test."""

    name: str
    test: Test


def build(value: Value) -> Kind:
    """Make a kind of what stands behind `@type=`.

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
    options = _Options(call)
    kind = Kind(call.name, maker(options))
    options.done()
    return kind


class _Options:
    """A type's arguments; what no one has asked for in the end is unknown."""

    def __init__(self, call: Call) -> None:
        self._name = call.name
        self._left = dict(call.options)
        self._arguments = call.arguments
        self._known: list[str] = []
        self._took_arguments = False

    def arguments(self) -> list[str]:
        self._took_arguments = True
        if self._left or not all(isinstance(item, str | bool) for item in self._arguments):
            raise KindError(f"{self._name} takes plain values")
        return [_text(item) for item in self._arguments]

    def element(self) -> Kind | None:
        """The type that the only argument names."""
        self._took_arguments = True
        if len(self._arguments) > 1:
            raise KindError(f"{self._name} takes one type of its elements, and options")
        return build(self._arguments[0]) if self._arguments else None

    def text(self, name: str) -> str | None:
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, str | bool):
            return _text(value)
        raise KindError(f"{name} takes a text")

    def number(self, name: str) -> float | None:
        value = self._take(name)
        if value is None:
            return None
        try:
            return float(str(value))
        except ValueError:
            raise KindError(f"{name} takes a number") from None

    def flag(self, name: str) -> bool:
        value = self._take(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise KindError(f"{name} takes true or false")

    def texts(self, name: str) -> list[str]:
        value = self._take(name)
        items = value if isinstance(value, tuple) else () if value is None else (value,)
        if all(isinstance(item, str) for item in items):
            return [str(item) for item in items]
        raise KindError(f"{name} takes a list of texts")

    def pattern(self, name: str) -> re.Pattern[str] | None:
        value = self._take(name)
        flags = ""
        if isinstance(value, Call) and value.name == "regex" and value.arguments:
            source, *rest = (_text(item) for item in value.arguments if isinstance(item, str | bool))
            flags = rest[0] if rest else ""
        elif isinstance(value, str):
            source = value
        elif value is None:
            return None
        else:
            raise KindError(f"{name} takes a pattern, or regex(pattern, flags)")
        try:
            return re.compile(source, re.IGNORECASE if "i" in flags else 0)
        except re.error as error:
            raise KindError(f"{name} is no regular expression: {error}") from None

    def done(self) -> None:
        if self._left:
            unknown = ", ".join(self._left)
            raise KindError(f"{self._name} has no option {unknown}; known: {', '.join(self._known) or 'none'}")
        if self._arguments and not self._took_arguments:
            raise KindError(f"{self._name} takes no plain values, only options: {', '.join(self._known) or 'none'}")

    def _take(self, name: str) -> Value | None:
        self._known.append(name)
        return self._left.pop(name, None)


def _string(options: _Options) -> Test:
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


def _number(options: _Options) -> Test:
    low, high, whole = options.number("min"), options.number("max"), options.flag("isInt")
    wanted = ("should be a whole number" if whole else "should be a number") + _range(low, high)

    def test(value: str) -> str | None:
        if not re.fullmatch(r"[+-]?\d+" if whole else r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", value, re.ASCII):
            return wanted
        number = float(value)
        return wanted if (low is not None and number < low) or (high is not None and number > high) else None

    return test


def _port(options: _Options) -> Test:
    low, high = options.number("min"), options.number("max")
    low, high = (1 if low is None else low), (65535 if high is None else high)
    wanted = f"should be a port, a whole number from {low:g} to {high:g}"

    def test(value: str) -> str | None:
        return None if re.fullmatch(r"\d{1,5}", value, re.ASCII) and low <= int(value) <= high else wanted

    return test


def _boolean(_: _Options) -> Test:
    def test(value: str) -> str | None:
        return None if value.lower() in TRUE | FALSE else "should be true or false"

    return test


def _enum(options: _Options) -> Test:
    members = options.arguments()
    if not members:
        raise KindError("enum takes the possible values: enum(a, b)")

    def test(value: str) -> str | None:
        return None if value in members else f"should be one of: {', '.join(members)}"

    return test


def _url(options: _Options) -> Test:
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


def _email(_: _Options) -> Test:
    def test(value: str) -> str | None:
        good = re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", value)
        return None if good else "should be an e-mail address, such as ops@example.com"

    return test


def _duration(options: _Options) -> Test:
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
        low, high = seconds.get("min"), seconds.get("max")
        return wanted if (low is not None and amount < low) or (high is not None and amount > high) else None

    return test


def _array(options: _Options) -> Test:
    element, separator = options.element(), options.text("separator") or ","
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
    """A URL's parts, or None when it is none: it has a scheme, a host (or a path, as `file:///x`), and no space."""
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


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return f" of at most {high:g}" if high is not None else ""


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_KINDS: dict[str, Callable[[_Options], Test]] = {
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
