"""The schema itself: a decorator that is not known, wrong options, a default that its own type refuses."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.context import Context
from ops.dotenv.finding import Finding

NAME = "schema"


def check(context: Context) -> Iterator[Finding]:
    """Yield what cannot be understood in the schema."""
    for problem in context.schema.problems:
        yield Finding(
            severity="error",
            check=NAME,
            variable="",
            line=problem.line,
            column=problem.column,
            message=problem.message,
            why="what the schema says there is not checked",
            fix=problem.fix or f"correct {context.schema.path.name}",
            file=context.schema.path.name,
        )
