"""`invoke config`: the merged compose model."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(help={"env": "The environment whose files are merged.", "reveal": "Show secrets."}, prints=True)
def config(c: Context, env: str = "dev", reveal: bool = False, json: bool = False) -> int:
    """Print the merged compose files, with secrets masked.

    Example:
        invoke config --env prod
    """
    from upready.operations import config as configuration
    from upready.report import config as report

    return report.show(configuration.merge(invocation.settings(c), env, reveal=reveal), as_json=json)
