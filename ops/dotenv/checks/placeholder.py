"""A value that was meant to be replaced: the schema's example, or `changeme`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.dotenv import remedy
from ops.dotenv.context import Context
from ops.dotenv.effective import Value
from ops.dotenv.finding import Finding

NAME = "placeholder"

_PLACEHOLDER = re.compile(
    r"<.*>|\{\{.*\}\}|\[.*\]|\.{3,}|\*{3,}|x{3,}|todo|tbd|fixme|placeholder|dummy"
    r"|(.*[-_. ])?(change|replace|fill|insert|put|enter)[-_ ]?(me|this|it|here|in)([-_. !\d].*)?"
    r"|(your|my|some|insert|enter|replace|put)[-_ ](.*[-_ ])?"
    r"(api|key|token|secret|password|value|name|user|url)([-_. !].*)?"
    r"|.*[-_ ](goes[-_ ])?here"
    r"|(sk|pk|ghp|key|token)([-_][a-z0-9]+)*[-_](x{3,}|\.{3,}|your.*|example)",
    re.IGNORECASE | re.DOTALL,
)


def check(context: Context) -> Iterator[Finding]:
    """Yield each value that stands for one that somebody still has to give."""
    for value in context.values.values():
        variable = context.schema.variables.get(value.name)
        required = variable is not None and variable.required_in(context.environment)
        if value.given is None or not (required or value.sensitive or _unchanged(context, value)):
            continue
        if not _is_placeholder(context, value):
            continue
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


def _unchanged(context: Context, value: Value) -> bool:
    variable = context.schema.variables.get(value.name)
    return variable is not None and bool(variable.default) and variable.default == value.text


def _is_placeholder(context: Context, value: Value) -> bool:
    text = value.text.strip()
    variable = context.schema.variables.get(value.name)
    # The example of something that is no secret may well be the right value.
    if variable is not None and variable.example and (value.sensitive or variable.only_a_person_knows):
        return text == variable.example or bool(_PLACEHOLDER.fullmatch(text))
    return bool(_PLACEHOLDER.fullmatch(text))
