"""The nodes of a swarm, and what was done to one."""

from __future__ import annotations

from upready import report
from upready.operations.machines import Machine, Overview
from upready.report.columns import Column, FittingTable
from upready.runtime.swarm import nodes
from upready.support import units


def step(text: str, *, as_json: bool) -> None:
    """A step that begins, or was done."""
    report.say(f"{text} …" if not text.endswith((".", "already", "there")) else text, as_json=as_json)


def show(overview: Overview, *, as_json: bool) -> int:
    """Print a table, or the JSON document. The exit code is 0."""
    if as_json:
        report.document(overview.as_dict())
        return 0
    if overview.did:
        report.say(f"{overview.to} is {overview.did}")
    table = FittingTable(
        Column("node"),
        Column("role"),
        Column("state"),
        Column("address", drop=2),
        Column("context", drop=1),
        Column("engine", drop=4),
        Column("cpus", drop=5, right=True),
        Column("memory", drop=5, right=True),
        Column("runs", drop=3),
    )
    for each in overview.machines:
        table.add_row(*map(report.clean, _row(each)))
    report.console().print(table)
    for line in _warnings(overview):
        report.warn(line)
    return 0


def _row(machine: Machine) -> list[str]:
    node = machine.node
    state = node.state if node.availability == nodes.ACTIVE else f"{node.state}, {node.availability}"
    if node.reachability not in ("", "reachable"):
        state += f", {node.reachability}"
    runs = [name if count == 1 else f"{name} ×{count}" for name, count in machine.tasks.items()]  # noqa: RUF001
    return [
        machine.label,
        "leader" if node.leader else node.role,
        state,
        node.address or "-",
        node.context or ("(asked)" if machine.asked else "-"),
        node.version,
        f"{node.cpus:g}",
        units.size(node.memory),
        "\n".join(runs) or "-",
    ]


def _warnings(overview: Overview) -> list[str]:
    managers = [each.node for each in overview.machines if each.node.role == nodes.MANAGER]
    down = [each.label for each in overview.machines if each.node.state != nodes.READY]
    said = [f"{name} does not answer: invoke doctor" for name in down]
    if len(managers) == 2:
        said.append("two managers are worse than one: when one is lost, nothing can be changed; a third one helps")
    return said
