"""Health as people see it: the table, the live view, a line a change; and nothing in it that a terminal would obey."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console, RenderableType

from tests.unit.replicas import URL, container
from upready import report
from upready.readiness.health import Health, Report, Verdict
from upready.report import health, launch
from upready.support.errors import UnhealthyError
from upready.support.http_probe import Probe


def replica(verdict: Verdict = Verdict.READY, reason: str = "answers", cause: str = "answers", **given: Any) -> Health:
    known = {"container": container(health="starting", restarts=2), "probe": None, "line": "", "replica": 1}
    known |= given
    return Health("web", known["replica"], known["container"], known["probe"], verdict, reason, cause, known["line"])


def probe(answer: dict[str, Any], code: int = 200, error: str | None = None) -> Probe:
    return Probe(URL, code, 12.3, error, answer)


def shown(made: RenderableType, width: int = 160) -> list[str]:
    """What a terminal without colours shows, a line each."""
    screen = io.StringIO()
    Console(file=screen, width=width, force_terminal=True, color_system=None).print(made)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal is sent."""
    file = io.StringIO()
    made = Console(file=file, width=160, force_terminal=True, color_system=None, legacy_windows=False)
    monkeypatch.setattr(report, "console", lambda: made)
    return file


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a file is sent."""
    file = io.StringIO()
    made = Console(file=file, width=160, force_terminal=False)
    for name in ("console", "errors"):
        monkeypatch.setattr(report, name, lambda: made)
    return file


CHECKS = {
    "database": {"status": "healthy", "latency_ms": 3},
    "api": {"status": "missing", "detail": "no key"},
    "x": "ok",
}


def test_the_table_shows_container_engine_probe_and_verdict() -> None:
    head, first, second = shown(
        health.table(
            [
                replica(probe=probe({"status": "degraded", "checks": CHECKS})),
                Health("db", 2, None, None, Verdict.WAITING, "is not there", "missing"),
            ]
        )
    )
    assert head.split() == ["service", "container", "state", "engine", "probe", "ready", "restarts"]
    assert " ".join(first.split()) == ("web shop-web-1 running starting 200 in 12 ms degraded 2")
    assert second.split() == ["db-2", "-", "missing", "-", "-", "missing", "0"]


def test_all_checks_are_shown_and_what_is_wrong_with_those_that_do_not_pass(paper: io.StringIO) -> None:
    found = Report("shop", "dev", (replica(probe=probe({"status": "degraded", "checks": CHECKS})), replica()))
    health.show(found, strict=False, as_json=False)
    assert paper.getvalue().splitlines()[-4:] == [
        "web: database healthy, api missing, x ok",
        "web: api is missing: no key",
        "shop is degraded",
        "next: invoke logs --service web --level warning",
    ]


def test_what_an_edge_passes_on_is_looked_for_in_every_log(paper: io.StringIO) -> None:
    edge = container(raw={"Config": {"Labels": {"upready.edge": "/var/tmp/edge"}}})
    degraded = probe({"status": "degraded", "checks": {"workers": {"status": "restarted"}}})
    found = Report("shop", "prod", (Health("edge", 1, edge, degraded, Verdict.READY, "answers", "answers"),))
    health.show(found, strict=False, as_json=False)
    assert paper.getvalue().splitlines()[-1] == "next: invoke logs --level warning"


def test_what_a_service_lacks_is_a_command_where_it_names_the_variable(paper: io.StringIO) -> None:
    checks = {"api": {"status": "missing", "variable": "API_KEY"}, "x": {"status": "down", "variable": "no $(name)"}}
    found = Report("shop", "prod", (replica(probe=probe({"status": "degraded", "checks": checks})),))
    health.show(found, strict=False, as_json=False)
    assert paper.getvalue().splitlines()[-1] == "next: invoke env.set API_KEY && invoke prod"


def test_the_live_view_is_a_line_a_replica() -> None:
    started = datetime.now(UTC) - timedelta(seconds=90)
    lines = shown(
        health.live(
            [
                replica(container=container(health="healthy", started=started), line="GET /\t200"),
                replica(Verdict.WAITING, "is not ready yet: HTTP 503", "starting", replica=2),
                Health("db", 1, None, None, Verdict.FAILED, "was removed", "removed"),
            ]
        )
    )
    assert re.fullmatch(r"✓ web running, healthy \d+\.\d s answers GET / 200", " ".join(lines[0].split()))
    assert " ".join(lines[1].split()) == "… web-2 running, starting is not ready yet: HTTP 503"
    assert " ".join(lines[2].split()) == "✗ db missing was removed"
    # On a narrow terminal a line stays one.
    assert len(shown(health.live([replica(line="x" * 500)]), width=60)) == 1


def watched(*services: Health) -> Iterator[Report]:
    """Reports of a watch that ends with Ctrl-C."""
    for each in services:
        yield Report("shop", "dev", (each,))
    raise KeyboardInterrupt


def test_a_watch_on_a_terminal_shows_every_report_until_ctrl_c(screen: io.StringIO) -> None:
    down = replica(Verdict.WAITING, "is unhealthy: no tea", "unhealthy")
    assert health.follow(watched(replica(), down), as_json=False) == 130
    text = screen.getvalue()
    assert text.index("shop is healthy") < text.index("web is unhealthy: no tea") < text.index("shop is unhealthy")
    # The cursor is given back.
    assert text.rstrip().endswith("\x1b[?25h")


HOSTILE = "\x1b[2J\x1b]0;owned\x07[red]\u202e"


def hostile() -> Health:
    """A replica that says everything that it can so that a terminal obeys."""
    answer = {"status": HOSTILE, "checks": {HOSTILE: {"status": HOSTILE, "detail": HOSTILE}}}
    return replica(
        Verdict.WAITING,
        f"is unhealthy: {HOSTILE}",
        "unhealthy",
        probe=Probe(URL, None, None, f"redirects to {HOSTILE}", answer),
        line=HOSTILE,
    )


def test_a_terminal_is_not_taken_over(paper: io.StringIO) -> None:
    found = Report("shop", "dev", (hostile(),))
    health.show(found, strict=False, as_json=False)
    health.follow(watched(hostile()), as_json=False)
    launch.Show(as_json=False).health([hostile()])
    report.failure(UnhealthyError(f"web {HOSTILE}", next=f"curl {HOSTILE}"))
    Console(file=paper, width=160).print(health.live([hostile()]))
    text = paper.getvalue()
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    # Shown instead, and no markup either.
    assert text.count("␛[2J␛]0;owned␇[red]") > 7


def test_a_live_watch_is_not_taken_over(screen: io.StringIO) -> None:
    health.follow(watched(hostile()), as_json=False)
    assert "owned" in screen.getvalue()
    assert not {"\x07", "\u202e"} & set(screen.getvalue())
    assert "\x1b[2J" not in screen.getvalue()
