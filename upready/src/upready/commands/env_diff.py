"""`invoke env.diff`: how `.env` differs from its schema or from another one."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="diff",
    help={
        "env": "The environment whose schema it is held against.",
        "with": "A file, or a Docker context where the stack runs: tells which values differ, by name alone.",
    },
    prints=True,
)
def env_diff(c: Context, env: str = "", with_: str = "", json: bool = False) -> int:
    """Show what .env lacks, has besides, or leaves at its default.

    Example:
        invoke env.diff --with .env.old
    """
    from upready.report import env as report

    if with_:
        from upready.operations import comparison

        return report.comparison(comparison.compare(invocation.stack(c, env), with_), as_json=json)
    from upready.dotenv import difference

    return report.difference(difference.compare(invocation.stack(c, env)), as_json=json)
