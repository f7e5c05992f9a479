"""A secret that can be guessed, in production: short, common, the schema's default, or made of another value."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from upready.dotenv import remedy, strength
from upready.dotenv.compose_values import Value
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile.kinds import split_url
from upready.secrets.secret import listed

NAME = "weak-secret"


def check(context: Context) -> Iterator[Finding]:
    """Yield each weak secret; outside production nobody is asked for a strong one."""
    if not context.strict:
        return
    public = {value.text.lower() for value in context.values.values() if not value.sensitive}
    for value in context.secrets():
        found = listed(value.text) or [_password(value)]
        reasons = (_reason(context, value, each, public) for each in found if each)
        reason = next(filter(None, reasons), None)
        if reason is None:
            continue
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="error",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} {'holds one that ' * (len(found) > 1)}{reason}",
            why="production can be entered with a guess",
            fix=f"choose another: {remedy.another(context, value.name)}",
        )


def _password(value: Value) -> str:
    """The secret itself: of a URL, its password. Of a list of `name:secret` each counts."""
    parts = split_url(value.text)
    if parts is None:
        return value.text
    return unquote(parts.password or "") if parts.hostname else value.text


def _reason(context: Context, value: Value, secret: str, public: set[str]) -> str | None:
    variable = context.schema.variables.get(value.name)
    lowered = secret.lower()
    rules = (
        (value.source == "default", "is the default of a compose file, which everybody can read"),
        (
            variable is not None and value.text == variable.default,
            f"is the default of {context.schema.path.name}, which everybody can read",
        ),
        (lowered in public or lowered in value.name.lower(), "is another value that is no secret"),
    )
    return next((reason for holds, reason in rules if holds), None) or strength.weakness(secret, context.uses.services)
