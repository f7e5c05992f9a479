"""Diagnoses for people: a panel for each, with the failure at the top and the next step at the bottom."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from upready import report
from upready.diagnosis import Failure
from upready.readiness.health import Report
from upready.report import health as health_report
from upready.report.logs import readable
from upready.support import units

ENOUGH = 200
"""Characters of a health check's output that are shown; the JSON has all of it."""

FINE = "none"
"""The cause of a replica that is ready."""


def show(found: Report, stories: Sequence[Failure], *, as_json: bool) -> int:
    """Print the diagnoses of a project, or the JSON document. The exit code is always 0; that of `health` judges."""
    if as_json:
        stories_as_dict = [each.as_dict() for each in stories]
        told = {"diagnoses": stories_as_dict, "warnings": warnings(found)}
        report.document({"project": found.project, "status": found.status, **told})
    elif stories:
        panels(report.console(), stories)
        # Once more without a frame, which would break it: it is to be pasted.
        report.say_next(stories[0].next)
    elif found.status == "stopped":
        report.say(f"{found.project}: nothing runs; invoke {found.environment} starts it")
    else:
        report.say(f"{found.project} is {found.status}: every service is ready")
        for line in warnings(found):
            report.say(line)
        if found.status == "degraded":
            report.say_next(health_report.step(found.services, found.environment))
    return 0


def warnings(found: Report) -> list[str]:
    """The checks that do not pass in services that are ready."""
    return [
        f"{each.name}: {check} is {said}"
        for each in found.services
        if each.degraded
        for check, said in each.failing_checks()
    ]


def panels(console: Console, stories: Sequence[Failure]) -> None:
    """Print a panel for each failure, the root cause first."""
    for each in stories:
        console.print(panel(each))


def panel(story: Failure) -> Panel:
    """All that is known about one replica."""
    good = story.cause == FINE
    style = "green" if good else "red"
    rows: list[RenderableType] = [Text(_clean(story.message), style=f"bold {style}"), _facts(story.facts)]
    own = [line for line in story.evidence if line not in story.facts.get("log", ())]
    rows += [Text(_clean(line)) for line in own]
    if log := _log(story.facts):
        rows += [Text("\nits last log lines", style="bold"), log]
    if story.next:
        rows.append(Text())
    rows += [Text.assemble((name, "bold"), _clean(way)) for name, way in report.ways(story.next)]
    title = story.name if good else f"{story.name}: {story.cause}"
    return Panel(Group(*rows), title=Text(title, style="bold"), title_align="left", border_style=style)


def _facts(facts: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _rows(facts):
        table.add_row(name, Text(_clean(text)))
    return table


def _rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    state = str(facts.get("state", ""))
    if facts.get("health"):
        state += f", {facts['health']}"
    if (code := facts.get("exit_code")) is not None:
        state += f", exit code {code}"
    if facts.get("exit_meaning"):
        state += f" ({facts['exit_meaning']})"
    if facts.get("restarts"):
        state += f", restarted {units.times(facts['restarts'])}"
    rows = [("state", state)]
    if probe := facts.get("probe"):
        said = probe["error"] or f"HTTP {probe['status_code']} in {probe['latency_ms']:.0f} ms"
        rows.append(("probe", f"{probe['url']}: {said}"))
    rows += [("its check", f"{name} is {said}") for name, said in (facts.get("failing") or {}).items()]
    for check in facts.get("checks", ()):
        last = textwrap.shorten(" ".join(check["output"].splitlines()[-3:]), ENOUGH, placeholder=" …")
        rows.append(("health check", f"exit code {check['exit_code']}" + (f": {last}" if last else "")))
    for other in facts.get("depends_on", ()):
        wanted = str(other["condition"]).removeprefix("service_")
        rows.append(("waits for", f"{other['service']} ({wanted}), which {other['reason']}"))
    if facts.get("log_unread"):
        rows.append(("log", str(facts["log_unread"])))
    memory = facts.get("memory") or {}
    if memory.get("used") is not None or memory.get("limit"):
        used = units.size(memory["used"]) if memory.get("used") is not None else "none now"
        rows.append(("memory", used + (f" of {units.size(memory['limit'])}" if memory.get("limit") else ", no limit")))
    return rows


def _log(facts: Mapping[str, Any]) -> Group | None:
    """The last log lines, with the error marked."""
    lines, error = facts.get("log") or [], facts.get("error")
    if not lines:
        return None
    made = []
    for number, line in enumerate(lines):
        inside = error is not None and error[0] <= number <= error[1]
        made.append(Text(f"{'▌' if inside else ' '} {_clean(readable(line))}", style="bold" if inside else "dim"))
    return Group(*made)


def _clean(text: str) -> str:
    return report.clean(text)
