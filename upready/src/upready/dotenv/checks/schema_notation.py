"""Mistakes in the schema: an unknown decorator, wrong options, a default that its own type refuses."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.similar_names import SimilarNames
from upready.envfile import example_names
from upready.envfile.notation import Problem

NAME = "schema"


def check(context: Context) -> Iterator[Finding]:
    """Yield each mistake in the schema, and a second schema beside it."""
    example = context.schema.path
    others = [each.name for each in example_names.every(example.with_name(".env")) if each != example]
    if others and context.schema.exists:
        are = "is" if len(others) == 1 else "are"
        message = f"{example.name} is read, {' and '.join(others)} beside it {are} not"
        why = "only one file can be the schema; variables that are added to another one are not checked"
        fix = f"keep one of them, or rename a file that is no schema: {others[0]}"
        yield Finding(NAME, message, why, fix, file=example.name)
    for problem in (*context.schema.problems, *_environments(context)):
        why = "this part of the schema is not checked"
        fix = problem.fix or f"correct {example.name}"
        yield Finding(NAME, problem.message, why, fix, "error", "", problem.line, problem.column, example.name)


def _environments(context: Context) -> Iterator[Problem]:
    """Conditions for environments that do not exist: they never hold."""
    for name, line, column in context.schema.environments:
        if context.environments and name not in context.environments:
            meant = SimilarNames(context.environments).closest(name)
            fix = f"write {meant}" if meant else f"invoke.yaml defines: {', '.join(context.environments)}"
            yield Problem(f"@required=forEnv({name}): there is no such environment", line, column, fix)
