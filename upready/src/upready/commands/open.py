"""`invoke open`: a service in the browser."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    name="open",
    help={
        "name": "A service, or a link by its name; the only one by default.",
        "json": "Print one JSON document, and open nothing.",
    },
    positional=["name"],
    engine=True,
)
def open_(c: Context, name: str | None = None, runtime: str = "", json: bool = False) -> int:
    """Open a service of the running stack in the browser.

    Its URL is printed, too. Where there is no browser, nothing else happens.

    Example:
        invoke open API
    """
    from upready.operations import links
    from upready.operations.step import Step
    from upready.report import links as report
    from upready.report import plan, warn

    found = links.find(invocation.settings(c, runtime), warn)
    if json and not name and not invocation.dry(c):
        return report.show(found, as_json=True)
    chosen = links.choose(found, name or "")
    if invocation.dry(c):
        return plan.steps("open", [Step("open", (chosen.url,), f"open {chosen.url} in the browser")], as_json=json)
    opened = not json and links.browse(chosen)
    return report.show([chosen], opened=opened, as_json=json)
