"""A diagnosis as people see it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from upready.diagnosis import Failure
from upready.report import diagnosis

FACTS: dict[str, Any] = {
    "state": "running",
    "health": "unhealthy",
    "exit_code": None,
    "restarts": 1,
    "probe": {"url": "http://127.0.0.1:1/", "error": None, "status_code": 503, "latency_ms": 2.4},
    "failing": {"db": "down: no route"},
    "checks": [{"exit_code": 1, "output": "one\ntwo\nthree\nfour"}],
    "depends_on": [{"service": "db", "condition": "service_healthy", "reason": "is healthy"}],
    "memory": {"used": 10_000_000, "limit": 64_000_000},
    "log": ["starting", "\x1b[2JValueError: no tide"],
    "error": [1, 1],
}


def shown(story: Failure) -> str:
    """The panel's lines without its frame, blanks collapsed."""
    screen = io.StringIO()
    Console(file=screen, width=120).print(diagnosis.panel(story))
    return "\n".join(" ".join(line.strip("│╭╮╰╯─ ").split()) for line in screen.getvalue().splitlines())


def story(cause: str = "unhealthy", **facts: Any) -> Failure:
    evidence = ["volume data is old", *FACTS["log"][1:]]
    return Failure("web", 2, cause, "web-2 is unhealthy", evidence, "invoke logs", {**FACTS, **facts})


def test_a_panel_tells_all_that_is_known() -> None:
    assert shown(story()).strip().splitlines() == [
        "web-2: unhealthy",
        "web-2 is unhealthy",
        "state running, unhealthy, restarted once",
        "probe http://127.0.0.1:1/: HTTP 503 in 2 ms",
        "its check db is down: no route",
        "health check exit code 1: two three four",
        "waits for db (healthy), which is healthy",
        "memory 10.0 MB of 64.0 MB",
        "volume data is old",
        "",
        "its last log lines",
        "starting",
        "▌ ␛[2JValueError: no tide",
        "",
        "next: invoke logs",
    ]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"restarts": 2}, "restarted twice"),
        ({"restarts": 12}, "restarted 12 times"),
        ({"state": "exited", "health": None, "exit_code": 137, "exit_meaning": "SIGKILL"}, "exit code 137 (SIGKILL)"),
        ({"memory": {"used": None, "limit": 64_000_000}}, "memory none now of 64.0 MB"),
        ({"memory": {"used": 5_000_000, "limit": None}}, "memory 5.0 MB, no limit"),
        ({"probe": {**FACTS["probe"], "error": "connection refused"}}, ":1/: connection refused"),
        ({"checks": [{"exit_code": 0, "output": "x" * 500}]}, "health check exit code 0: …"),
    ],
)
def test_facts(facts: dict[str, Any], words: str) -> None:
    assert words in shown(story(**facts))


def test_a_service_to_which_nothing_has_happened_is_no_failure() -> None:
    assert shown(story("none")).startswith("web-2\n")
