"""The screen of `invoke top` at several sizes, compared as text."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.top.made import API, DB, SHOP, WORKER, clock, entry, row, state
from upready.operations.top.state import State
from upready.readiness.health import Verdict
from upready.report.top import panels, picture
from upready.report.top.lines import Line, texts, width
from upready.report.top.picture import Logs, Size
from upready.report.top.view import View
from upready.secrets import masking

ENTRIES = [entry("GET /items 200", second=1), entry("ready to accept connections", "db", 2)]


def screen(state: State, view: View = View(), columns: int = 80, lines: int = 24, **given: Any) -> list[str]:  # noqa: B008
    logs = Logs(given.pop("entries", ENTRIES), given.pop("dropped", 0))
    panel = panels.help_lines(state, view, columns) if view.panel == "help" else given.pop("panel", [])
    made = picture.draw(state, view, logs, panel, Size(columns, lines, given.pop("blocks", True)))
    assert len(made) == lines
    assert {width(line) for line in made} == {columns}
    return [re.sub(r"\d\d:\d\d:\d\d$", "HH:MM:SS", line) for line in texts(made)]


def test_80_columns_and_24_lines() -> None:
    assert screen(SHOP, View(selected="worker")) == [
        "shop  unhealthy  2 of 3 ready                              dev, docker  HH:MM:SS",
        "service  ready     restarts      cpu          memory  url, or why not",
        "api      ready            0    2.4 %   61.0 MB  24 %  http://127.0.0.1:8000",
        "db       ready            0    2.4 %         61.0 MB",
        "worker   starting         3    2.4 %   61.0 MB  24 %  is not ready yet: connect…",
        "worker is not ready yet: connection refused",
        "",
        "logs of all services",
        f"{clock(1)} api GET /items 200",
        f"{clock(2)} db  ready to accept connections",
        *[""] * 12,
        "d invoke diagnose worker  r invoke restart --service worker",
        "? help  q quit  d diagnose  r restart  x shell  o open  l logs  / filter",
    ]


def test_20_columns_and_10_lines_keep_names_whole() -> None:
    shown = screen(SHOP, columns=20, lines=10)
    assert [line.split()[:2] for line in shown[1:5]] == [
        ["service", "ready"],
        ["api", "ready"],
        ["db", "ready"],
        ["worker", "starting"],
    ]
    assert shown[0] == "shop  unhealthy  2 …"
    assert shown[-1] == "? help  q quit"


def test_a_wide_terminal_has_histories_and_releases() -> None:
    shown = screen(state(row("api", release="7f3a", url="http://127.0.0.1:8000")), columns=140)
    assert shown[1].split() == [
        "service",
        "ready",
        "restarts",
        "cpu",
        "memory",
        "release",
        "uptime",
        "url,",
        "or",
        "why",
        "not",
    ]
    assert "▁▂█" in shown[2]
    assert "7f3a" in shown[2]
    assert shown[2].endswith("http://127.0.0.1:8000")


def test_bars_have_a_form_of_letters() -> None:
    shown = screen(state(API), columns=140, blocks=False)
    assert shown[2].isascii()
    assert "_.#" in shown[2]


def test_of_sixty_services_the_chosen_one_is_always_there() -> None:
    many = state(*(row(f"service-{number:02}") for number in range(60)))
    for name in ("service-00", "service-31", "service-59"):
        shown = screen(many, View(selected=name))
        assert sum(line.startswith(name) for line in shown) >= 1
        assert sum(line.startswith("service-") for line in shown) < 15
        assert "60 of 60 ready" in shown[0]
        place = int(name[-2:]) + 1
        told = re.search(r"  (\d+) to (\d+) of 60$", shown[1])
        assert told, shown[1]
        assert int(told[1]) <= place <= int(told[2])
        assert any(clock(2) in line for line in shown)
    assert not re.search(r"of \d+$", screen(SHOP)[1])


def test_nothing_runs() -> None:
    shown = screen(state(status="stopped"), entries=[])
    assert shown[0].startswith("shop  stopped")
    assert shown[2] == "nothing runs; invoke dev starts it, and it appears here"


def test_an_engine_that_is_gone_is_told_above_what_was_known() -> None:
    gone = State(**{**vars(SHOP), "trouble": "the engine is gone", "step": "invoke doctor", "moment": 1.0})
    shown = screen(gone)
    assert re.match(r"the engine is gone; what is below is \d+ s old", shown[1])
    assert shown[2] == "next: invoke doctor"
    assert shown[4].startswith("api")


def test_the_logs_say_what_they_show_and_what_they_lack() -> None:
    view = View(service="api", level="warning", pattern="GET", still=True)
    shown = screen(SHOP, view, columns=120, dropped=12345)[7]
    assert shown.startswith("logs of api, warning or worse, matching GET, held still   ")
    assert shown.endswith("   12,345 lines came too fast to be shown")


def test_the_last_lines_of_a_long_entry_are_those_that_are_shown() -> None:
    long = entry("Traceback\n" + "\n".join(f"  line {number}" for number in range(60)))
    shown = screen(SHOP, entries=[long])
    assert "line 59" in shown[-3]
    assert not any("Traceback" in line for line in shown)


def test_the_help_has_the_commands_of_the_chosen_service() -> None:
    shown = screen(SHOP, View(panel="help", selected="db"), columns=100, lines=30)
    told = [" ".join(line.split()) for line in shown]
    assert "d why it is not ready invoke diagnose db" in told
    assert "r restart it, and wait until it is ready invoke restart --service db" in told
    assert "l its logs alone; again: those of all invoke logs --follow --service db" in told


def test_every_command_finds_the_stack_that_is_shown() -> None:
    native = state(DB, asked="native")
    assert screen(native, View(selected="db"), columns=200)[-2].strip() == (
        "d invoke diagnose db --runtime native  r invoke restart --service db --runtime native  "
        "x invoke shell db --runtime native  o invoke open db --runtime native"
    )
    told = [line for line in screen(native, View(panel="help"), columns=120, lines=40) if "invoke" in line]
    assert len(told) == 8
    assert all(line.rstrip().endswith(" --runtime native") for line in told)
    start = "nothing runs; invoke dev --runtime native starts it, and it appears here"
    assert screen(state(status="stopped", asked="native"), entries=[])[2] == start


def test_a_shell_is_one_in_the_chosen_replica() -> None:
    many = state(row("web"), row("web", replica=2), DB)
    assert "x invoke shell web --replica 2" in screen(many, View(selected="web-2"), columns=120)[-2]
    assert "x invoke shell web --replica 1" in screen(many, View(selected="web"), columns=120)[-2]
    assert "x invoke shell db  " in screen(many, View(selected="db"), columns=120)[-2]


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;title\x07cleared", "a\rb", "tab\there"])
def test_no_log_line_moves_the_cursor(text: str) -> None:
    shown = "\n".join(screen(SHOP, entries=[entry(text)]))
    assert not [letter for letter in shown if letter != "\n" and not letter.isprintable()]


def test_a_note_that_quotes_a_service_moves_no_cursor_and_tells_no_secret(tmp_path: Path) -> None:
    said = "worker waits for db (healthy), which is unhealthy: \x1b]0;title\x07 no\nlogin with hidden-51c0aa77be"
    with masking.hiding(tmp_path, lambda _: []):
        masking.know("test", lambda: ["hidden-51c0aa77be"])
        shown = "\n".join(screen(SHOP, View(note=said), columns=120))
    assert "login with ********" in shown
    assert not [letter for letter in shown if letter != "\n" and not letter.isprintable()]


def test_a_long_note_is_told_to_its_end_where_there_is_room() -> None:
    said = "; ".join(f"service-{number} (healthy), which is not ready yet: refused" for number in range(4))
    whole = screen(SHOP, View(note=said))
    assert " ".join(whole[-4:-1]) == said
    assert screen(SHOP, View(note=said * 2))[-2].endswith("…")
    assert screen(SHOP, View(note=said), columns=40, lines=10)[-2].endswith("…")


def test_a_panel_is_moved_no_further_than_to_its_end() -> None:
    panel: list[Line] = [[(f"line {number}", "")] for number in range(50)]
    view = View(panel="diagnosis", top=50)
    most = picture.furthest(SHOP, view, panel, Size(80, 24))
    shown = screen(SHOP, replace(view, top=most), panel=panel)
    assert shown[-3] == "line 49"
    assert screen(SHOP, replace(view, top=most - 1), panel=panel)[-3] == "line 48"
    assert picture.furthest(SHOP, view, panel[:3], Size(80, 24)) == 0


def test_what_is_typed_stands_in_the_last_line() -> None:
    assert screen(SHOP, View(typed="time.*out"))[-1] == "/time.*out   enter: show, esc: leave"


def test_wide_characters_take_two_cells() -> None:
    screen(state(row("日本"), DB, row("worker", "x", "é" * 200, Verdict.FAILED)), entries=[entry("日本語" * 60)])


def test_a_degraded_service_says_which_check_fails() -> None:
    answer = {"status": "degraded", "checks": {"model": {"status": "missing", "detail": "no key"}}}
    shown = screen(state(row("api", answer=answer), WORKER, status="degraded"), columns=120)
    assert shown[2].endswith("model is missing: no key")
