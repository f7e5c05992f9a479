"""`invoke env.show`: every variable, and where its value comes from."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="show",
    help={"env": "The environment whose compose files are read.", "reveal": "Show secrets."},
    prints=True,
)
def env_show(c: Context, env: str = "", reveal: bool = False, json: bool = False) -> int:
    """Show each variable as compose sees it, and where it is set.

    Secrets are masked.

    Example:
        invoke env.show --json
    """
    from upready import dotenv
    from upready.report import env as report

    stack = invocation.stack(c, env)
    found = dotenv.values(stack)
    return report.variables(found, dotenv.secrets(stack, found), reveal=reveal, as_json=json)
