"""The health of services: a table, and sentences about what is wrong.

Rich is imported only where it draws: for a JSON document it would take a twentieth of the time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from upready import report
from upready.readiness.health import Health, Report, Verdict
from upready.readiness.verdict import age
from upready.support import shell_words, streams
from upready.support.errors import InterruptError, UnhealthyError

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from upready.report.columns import FittingTable

ENGINE = {"healthy": "green", "starting": "yellow", "unhealthy": "red"}
STYLES = {Verdict.READY: "green", Verdict.WAITING: "yellow", Verdict.FAILED: "red"}


def show(found: Report, *, strict: bool, as_json: bool) -> int:
    """Print a report, as a table or as its JSON document. Returns the exit code: 0, or 7 when a service is not ready.

    With `strict`, a degraded service counts as not ready.
    """
    good = found.status == "healthy" or (found.status == "degraded" and not strict)
    if as_json:
        report.document(found.as_dict())
    elif found.status == "stopped":
        report.say(f"{found.project}: nothing runs")
        report.say_next(f"invoke {found.environment}")
    else:
        report.console().print(table(found.services))
        for told in checks(found.services):
            report.console().print(told, soft_wrap=True)
        for line in problems(found.services):
            report.say(line)
        report.say(f"{found.project} is {found.status}", style="bold green" if good else "bold red")
        if not good and found.status != "degraded":
            report.say_next("invoke diagnose")
        if found.status == "degraded":
            report.say_next(step(found.services, found.environment))
    return 0 if good else UnhealthyError.code


def table(services: Sequence[Health]) -> FittingTable:
    """A row for each replica: container, health by the engine, answer to the probe, our verdict, restarts."""
    from rich.text import Text

    from upready.report.columns import Column, FittingTable

    made = FittingTable(
        Column("service"),
        Column("container", drop=5),
        Column("state", drop=2),
        Column("engine", drop=3),
        Column("probe", drop=1),
        Column("ready"),
        Column("restarts", drop=4),
        *([Column("node")] if (spread := any(each.container and each.container.node for each in services)) else []),
    )
    for each in services:
        container, style = each.container, STYLES[each.verdict]
        engine = container.health if container else ""
        made.add_row(
            Text(each.name),
            Text(container.name if container else "-"),
            Text(each.state, style="" if each.state == "running" else style),
            Text(engine or "-", style=ENGINE.get(engine, "")),
            _text(_probe(each)),
            _text(word(each), style="yellow" if each.degraded else style),
            Text(str(container.restarts if container else 0)),
            *([Text(container.node if container else "-")] if spread else []),
        )
    return made


def live(services: Sequence[Health]) -> Table:
    """A line for each replica in a live view: its state, for how long, and its last log line."""
    from rich.table import Table
    from rich.text import Text

    from upready.report.logs import readable

    made = Table(box=None, pad_edge=False, show_header=False, expand=True)
    for _ in range(3):
        made.add_column(no_wrap=True)
    made.add_column(justify="right", no_wrap=True)
    made.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for each in services:
        mark = {Verdict.READY: "✓", Verdict.FAILED: "✗"}.get(each.verdict, "…")
        health = each.container.health if each.container else ""
        started = each.container is not None and each.container.started is not None
        made.add_row(
            Text(mark, style=STYLES[each.verdict]),
            Text(each.name),
            Text(f"{each.state}, {health}" if health else each.state, style=STYLES[each.verdict]),
            f"{age(each.container):.1f} s" if each.container and started else "",
            Text.assemble(_text(each.reason), (f"  {_clean(readable(each.line))}" if each.line else "", "dim")),
        )
    return made


def word(health: Health) -> str:
    """One word for a replica: ready, degraded, or the cause why it is not ready."""
    if health.verdict is Verdict.READY:
        return "degraded" if health.degraded else "ready"
    return health.cause


def checks(services: Sequence[Health]) -> list[Text]:
    """A line for each service whose answer has checks: their names and status, coloured."""
    from rich.text import Text

    lines = []
    for each in services:
        failing = dict(each.failing_checks())
        parts = []
        for name, said in each.probe.checks.items() if each.probe else ():
            status = said.get("status", "") if isinstance(said, dict) else said
            parts.append(_text(f"{name} {status}", style="yellow" if name in failing else "green"))
        if parts:
            lines.append(Text.assemble(f"{each.name}: ", Text(", ").join(parts)))
    return lines


def problems(services: Sequence[Health]) -> list[str]:
    """A sentence for each replica that is not ready, and for each check that does not pass."""
    lines = [f"{each.name} {each.reason}" for each in services if each.verdict is not Verdict.READY]
    for each in services:
        lines += [f"{each.name}: {check} is {said}" for check, said in each.failing_checks()]
    return lines


def step(services: Sequence[Health], environment: str) -> str:
    """The command that helps degraded services."""
    names = list(dict.fromkeys(name for each in services if each.degraded for name in each.unset_variables()))
    if names:
        return shell_words.in_turn(*(f"invoke env.set {name}" for name in names), f"invoke {environment}")
    degraded = [each for each in services if each.degraded]
    if any(_passes_on(each) for each in degraded):
        return "invoke logs --level warning"
    names = list(dict.fromkeys(each.service for each in degraded))
    return f"invoke logs {' '.join(f'--service {name}' for name in names)} --level warning"


def _passes_on(health: Health) -> bool:
    """Whether this is an edge: its answer is another service's, whose log says why."""
    from upready.runtime.docker.edge import LABEL

    said = health.container.raw.get("Config", {}).get("Labels") if health.container else None
    return LABEL in (said or {})


def _probe(health: Health) -> str:
    if health.probe is None:
        return "-"
    if health.probe.error and health.probe.status_code is None:
        return health.probe.error
    return f"{health.probe.status_code} in {health.probe.latency_ms:.0f} ms"


def _text(words: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(_clean(words), style=style)


def _clean(words: str) -> str:
    """Words of a service on one line, without control characters."""
    return " ".join(report.clean(words).split())


def follow(reports: Iterable[Report], *, as_json: bool) -> int:
    """Show one report after another: live on a terminal, else a line for each change. Ctrl-C ends it: exit code 130.

    Raises:
        LostError: The reader of standard output is gone.
    """
    reports = _while_read(reports)
    try:
        if as_json:
            _follow_json(reports)
        elif report.console().is_terminal:
            _follow_live(reports)
        else:
            follow_lines(reports)
    except KeyboardInterrupt:
        pass
    return InterruptError.code


def _while_read(reports: Iterable[Report]) -> Iterator[Report]:
    for each in reports:
        streams.check(look=True)
        yield each


def _follow_json(reports: Iterable[Report]) -> None:
    """One JSON object a line for each change; another response time is no change."""
    told: object = None
    for each in reports:
        picture = _picture(each)
        if picture != told:
            told = picture
            report.line(each.as_dict())


def _follow_live(reports: Iterable[Report]) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    with Live(console=report.console(), auto_refresh=False, screen=False) as live_view:
        for each in reports:
            lines = [_text(line) for line in problems(each.services)]
            title = Text(f"{each.project} is {each.status}", style="bold")
            picture = Group(table(each.services), *checks(each.services), *lines, title)
            live_view.update(picture, refresh=True)


def follow_lines(reports: Iterable[Report]) -> None:
    """A line for each change, without redrawing."""
    told: dict[str, str] = {}
    status = ""
    for each in reports:
        words = {one.name: one.reason for one in each.services}
        causes = {one.name: word(one) for one in each.services}
        stamp = time.strftime("%H:%M:%S")
        for name, cause in causes.items():
            if told.get(name) != cause:
                report.say(f"{stamp}  {name} {words[name]}")
        for name in told.keys() - causes.keys():
            report.say(f"{stamp}  {name} is gone")
        told = causes
        if each.status != status:
            status = each.status
            report.say(f"{stamp}  {each.project} is {status}")


def _picture(found: Report) -> object:
    """The parts of a report that count as a change."""
    return found.status, [
        (each.name, each.state, word(each), each.container and (each.container.health, each.container.restarts))
        for each in found.services
    ]
