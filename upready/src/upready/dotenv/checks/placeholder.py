"""A value that somebody should have replaced: the schema's example, or `changeme`."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.placeholder_words import is_placeholder
from upready.dotenv.value import Value
from upready.secrets import secret_names
from upready.secrets.secret_names import Says

NAME = "placeholder"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that is a placeholder."""
    for value in context.values.values():
        if value.given is not None and _has_placeholder(context, value):
            yield context.about_value(
                NAME,
                value.name,
                f"{value.name} is still a placeholder",
                "it looks set, so no program reports it as missing, and the service that uses it fails",
                remedy.another(context, value.name),
                "error" if context.requires(value.name) or context.strict else "warning",
            )


def _has_placeholder(context: Context, value: Value) -> bool:
    """Whether the value is a placeholder: by its words, or because it is the schema's example."""
    text = value.text.strip()
    variable = context.schema.variables.get(value.name)
    # The example of a variable that is no secret may be the right value.
    if variable is not None and variable.example and (value.sensitive or variable.only_a_person_knows):
        return text == variable.example or is_placeholder(text, secret=True)
    return is_placeholder(text, secret=value.sensitive or secret_names.of(value.name) > Says.NOTHING)
