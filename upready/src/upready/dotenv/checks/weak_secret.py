"""A secret in production that can be guessed: short, common, a public default, or equal to a public value."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from upready.dotenv import password_strength, remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.value import Value
from upready.envfile.kinds import split_url
from upready.secrets.secret import listed

NAME = "weak-secret"


def check(context: Context) -> Iterator[Finding]:
    """Yield each weak secret, in production only."""
    if not context.strict:
        return
    public = {value.text.lower() for value in context.values.values() if not value.sensitive}
    for value in context.secrets():
        # Of a list `name:secret,…` each secret counts.
        found = listed(value.text) or [_password(value)]
        reasons = (_reason(context, value, each, public) for each in found if each)
        reason = next(filter(None, reasons), None)
        if reason is not None:
            yield context.about_value(
                NAME,
                value.name,
                f"{value.name} {'has a secret that ' * (len(found) > 1)}{reason}",
                "an attacker can guess it",
                f"choose another: {remedy.another(context, value.name)}",
                "error",
            )


def _password(value: Value) -> str:
    """The secret itself: the password if the value is a URL."""
    parts = split_url(value.text)
    if parts is None:
        return value.text
    return unquote(parts.password or "") if parts.hostname else value.text


def _reason(context: Context, value: Value, secret: str, public: set[str]) -> str | None:
    variable = context.schema.variables.get(value.name)
    lowered = secret.lower()
    if value.source == "default":
        return "is the default of a compose file, which everyone can read"
    if variable is not None and value.text == variable.default:
        return f"is the default of {context.schema.path.name}, which everyone can read"
    if lowered in public or lowered in value.name.lower():
        return "is equal to a value that is not secret"
    return password_strength.weakness(secret, context.uses.services)
