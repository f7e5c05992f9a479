"""One secret for two purposes: whoever learns it can use both, and neither can be changed alone."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import password_strength, remedy, shared_secrets
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.secrets import ordinary

NAME = "reused-secret"


def check(context: Context) -> Iterator[Finding]:
    """Yield each secret that equals another one, unless both are names of the same secret."""
    same: dict[str, list[str]] = {}
    for value in context.secrets():
        others = same.setdefault(value.text, [])
        others.append(value.name)
        if len(others) == 1 or not value.given or not _counts(context, value.text, others):
            continue
        yield context.about_value(
            NAME,
            value.name,
            f"{value.name} is the same secret as {others[0]}",
            "whoever learns one of them knows both, and neither can be changed alone",
            f"choose another: {remedy.another(context, value.name)}",
        )


def _counts(context: Context, text: str, names: list[str]) -> bool:
    """Whether the last variable is a secret of its own, not a second name for one of the others."""
    # For a weak secret, `weak-secret` is the finding that matters; for a placeholder, `placeholder` covers this one.
    if password_strength.is_words(text) or ordinary.is_ordinary(text):
        return False
    entry = context.env.get(names[-1])
    if entry is not None and entry.quote != "'" and "$" in entry.raw:
        # A reference to another variable: the author wants the same secret.
        return False
    return not any(shared_secrets.is_same(names[-1], other) for other in names[:-1])
