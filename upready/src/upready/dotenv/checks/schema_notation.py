"""The schema itself: a decorator that is not known, wrong options, a default that its own type refuses."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.checks.unknown import Names
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile import example_names
from upready.envfile.notation import Problem

NAME = "schema"


def check(context: Context) -> Iterator[Finding]:
    """Yield what cannot be understood in the schema."""
    yield from _several(context)
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


def _several(context: Context) -> Iterator[Finding]:
    """Other files that may be meant for the schema: what is added there is not checked."""
    others = [
        each.name for each in example_names.every(context.schema.path.with_name(".env")) if each != context.schema.path
    ]
    if others and context.schema.exists:
        yield Finding(
            severity="warning",
            check=NAME,
            variable="",
            line=0,
            column=0,
            message=f"{context.schema.path.name} is read, {' and '.join(others)} beside it not",
            why="which of them says what may be set is not told",
            fix=f"keep one of them, or rename what is another thing: {others[0]}",
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
