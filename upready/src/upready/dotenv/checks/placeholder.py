"""A value that was meant to be replaced: the schema's example, or `changeme`."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import remedy
from upready.dotenv.compose_values import Value
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.placeholder import is_placeholder
from upready.secrets import secret_names
from upready.secrets.secret_names import Says

NAME = "placeholder"


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that stands for one that somebody still has to give."""
    for value in context.values.values():
        if value.given is None or not found_in(context, value):
            continue
        required = context.requires(value.name)
        line, column = context.place(value.name, of_value=True)
        yield Finding(
            severity="error" if required or context.strict else "warning",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is still a placeholder",
            why="it looks set, so nothing reports it missing, and what uses it fails",
            fix=remedy.another(context, value.name),
        )


def found_in(context: Context, value: Value) -> bool:
    """Whether a variable's value is a placeholder: by its words, or because it is the schema's example."""
    text = value.text.strip()
    variable = context.schema.variables.get(value.name)
    secret = value.sensitive or secret_names.of(value.name) > Says.NOTHING
    # The example of something that is no secret may well be the right value.
    if variable is not None and variable.example and (value.sensitive or variable.only_a_person_knows):
        return text == variable.example or is_placeholder(text, secret=True)
    return is_placeholder(text, secret=secret)
