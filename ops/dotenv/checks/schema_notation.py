"""The schema itself: a decorator that is not known, wrong options, a default that its own type refuses."""

from __future__ import annotations

from collections.abc import Iterator

from ops.dotenv.checks.unknown import Names
from ops.dotenv.context import Context
from ops.dotenv.finding import Finding
from ops.dotenv.notation import Problem

NAME = "schema"


def check(context: Context) -> Iterator[Finding]:
    """Yield what cannot be understood in the schema."""
    for problem in (*context.schema.problems, *_environments(context)):
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


def _environments(context: Context) -> Iterator[Problem]:
    """Environments that a variable is required for and that do not exist: it then never is."""
    for name, line, column in context.schema.environments:
        if not context.environments or name in context.environments:
            continue
        meant = Names(context.environments).closest(name)
        fix = f"write {meant}" if meant else f"invoke.yaml defines: {', '.join(context.environments)}"
        yield Problem(f"@required=forEnv({name}): there is no such environment", line, column, fix)
