"""The status of a project, for people."""

from __future__ import annotations

from rich.table import Table

from upready import report
from upready.operations.status import Overview, Status
from upready.support import units


def show(overview: Overview, *, as_json: bool) -> int:
    """Print one table, or the JSON document. Always exit code 0: `health` is the task that judges."""
    if as_json:
        report.document(overview.as_dict())
        return 0
    if not overview.services:
        report.say(f"{overview.project}: nothing runs; invoke {overview.default} starts it")
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("service", "image", "state", "health", "uptime", "restarts"):
        table.add_column(column, overflow="fold")
    for column in ("cpu", "memory"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("ports", overflow="fold")
    for each in overview.services:
        table.add_row(*map(report.clean, _row(each)))
    report.console().print(table)
    if lost := [each.container.name for each in overview.services if each.orphan]:
        report.warn(f"no compose file names them any more: {', '.join(lost)}; invoke stop removes them too")
    return 0


def _row(status: Status) -> list[str]:
    container, usage = status.container, status.usage
    memory = "-"
    if usage:
        memory = units.size(usage.memory) + (f" of {units.size(usage.limit)}" if usage.limit else "")
    ports = (f"{host}:{published}→{target}" for host, published, _, target in container.ports)
    return [
        container.service if container.replica == 1 else f"{container.service}-{container.replica}",
        container.image + (f" ({status.revision[:12]})" if status.revision else ""),
        f"{container.state}, orphan" if status.orphan else container.state,
        container.health or "-",
        units.duration(status.uptime),
        str(container.restarts),
        f"{usage.cpu:.1f} %" if usage else "-",
        memory,
        ", ".join(ports) or "-",
    ]
