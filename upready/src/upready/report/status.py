"""The status of a project."""

from __future__ import annotations

from upready import report
from upready.operations.status import Overview, Status
from upready.report.columns import Column, FittingTable
from upready.support import units


def show(overview: Overview, *, as_json: bool) -> int:
    """Print a table, or the JSON document. The exit code is always 0; that of `health` judges."""
    if as_json:
        report.document(overview.as_dict())
        return 0
    if not overview.services:
        report.say(f"{overview.project}: nothing runs; invoke {overview.default} starts it")
        return 0
    table = FittingTable(
        Column("service"),
        Column("image", drop=6),
        Column("state"),
        Column("health", drop=1),
        Column("uptime", drop=4),
        Column("restarts", drop=5),
        Column("cpu", drop=3, right=True),
        Column("memory", drop=3, right=True),
        Column("ports", drop=2),
        *([Column("node")] if (spread := any(each.container.node for each in overview.services)) else []),
    )
    for each in overview.services:
        table.add_row(*map(report.clean, [*_row(each), *([each.container.node] if spread else [])]))
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
        units.replica(container.service, container.replica),
        container.image + (f" ({status.revision[:12]})" if status.revision not in (None, "", "unknown") else ""),
        f"{container.state}, orphan" if status.orphan else container.state,
        container.health or "-",
        units.duration(status.uptime),
        str(container.restarts),
        f"{usage.cpu:.1f} %" if usage else "-",
        memory,
        "\n".join(ports) or "-",
    ]
