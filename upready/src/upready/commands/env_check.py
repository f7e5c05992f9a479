"""`invoke env.check`: check `.env` against its schema."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="check",
    help={"env": "The environment that it must be good for.", "strict": "Fail for warnings, too."},
    prints=True,
)
def env_check(c: Context, env: str = "", strict: bool = False, json: bool = False) -> int:
    """Check .env against .env.example: exit 0, or 3.

    Every finding at once.

    Example:
        invoke env.check --env prod --strict
    """
    from upready import dotenv
    from upready.report import env as report

    return report.findings(
        dotenv.check(invocation.stack(c, env), sweep=not invocation.dry(c)), strict=strict, as_json=json
    )
