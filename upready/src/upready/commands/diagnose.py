"""`invoke diagnose`: why services are not ready."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "service": "Only this service, also when it is ready.",
        "json": "Print the same facts as one JSON document.",
    },
    positional=["service"],
    prints=True,
    engine=True,
)
def diagnose(c: Context, service: str | None = None, runtime: str = "", json: bool = False) -> int:
    """Say why a service is not ready, and what to do next.

    What happened, the evidence, and the next step.

    Example:
        invoke diagnose db
    """
    from upready.operations import health
    from upready.report import diagnosis as report
    from upready.report import warn

    return report.show(*health.diagnose(invocation.settings(c, runtime), service or "", warn), as_json=json)
