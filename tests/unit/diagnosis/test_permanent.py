"""What waiting cannot heal, and what it may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.diagnosis.logs import BEGAN, recorded, written
from tests.unit.replicas import URL, container
from upready.diagnosis import permanent
from upready.diagnosis.failure import Finding
from upready.readiness.health import Health, Verdict
from upready.support.http_probe import Probe

REFUSED = (
    'connection to server at "db" (10.0.0.2), port 5432 failed: FATAL:  password authentication failed for user "a"'
)
INCOMPATIBLE = (
    "21:00:00.000 UTC [1] FATAL:  database files are incompatible with server",
    "21:00:00.000 UTC [1] DETAIL:  The data directory was initialized by PostgreSQL version 16, which is not "
    "compatible with this version 17.9.",
)


def found(
    *lines: str, every: float = 0.001, probe: Probe | None = None, now: float = BEGAN, **given: Any
) -> Finding | None:
    """What is said of a replica that is not ready."""
    health = Health("web", 1, container(**given), probe, Verdict.WAITING, "is not ready yet", "starting")
    return permanent.find(health, written(*lines, every=every), now=now)


@pytest.mark.parametrize(
    ("name", "cause", "words"),
    [
        ("uvicorn-name", "code", "NameError: name 'nothing_such' is not defined (/app/app/main.py:5)"),
        ("uvicorn-module", "module", "No module named 'missing_mod' (/app/app/miss.py:1)"),
        ("uvicorn-syntax", "code", "SyntaxError: '(' was never closed (/app/app/syn.py:1)"),
        ("uvicorn-startup", "code", "RuntimeError: no ledger (/app/app/lifespan.py:4)"),
        ("django", "module", "No module named 'nothing_such' (/app/dj/dj/urls.py:1)"),
        ("gunicorn", "module", "No module named 'nothing_such' (/app/wsgi.py:1)"),
        ("watchfiles", "module", "No module named 'nothing_such' (/app/wsgi.py:1)"),
        ("nodemon", "code", "ReferenceError: foo is not defined (/app/ref.js:1)"),
        ("node-syntax", "code", "SyntaxError: Unexpected token ';' (/app/bad.mjs:1)"),
        ("node-package", "module", "Cannot find package 'express' imported from /app/esm.mjs (/app/esm.mjs)"),
        ("node-require", "module", "Cannot find module 'express' (/app/cjs.js:1)"),
    ],
)
def test_a_program_that_cannot_start_under_what_lives_on(name: str, cause: str, words: str) -> None:
    told = found(*recorded(name))
    assert told is not None
    assert told.cause == cause
    assert words in told.message


def test_a_program_that_ends_and_is_restarted() -> None:
    line = "/usr/local/bin/python: No module named app.nope"
    assert found(line, state="restarting", exit_code=1) is not None
    assert found(*recorded("python-syntax"), state="restarting", exit_code=1) is not None


def test_the_file_is_told_as_the_user_has_it() -> None:
    health = Health("web", 1, container(), None, Verdict.WAITING, "is not ready yet", "starting")
    asked: list[tuple[str, int, str]] = []

    def local(path: str, line: int, code: str) -> str:
        asked.append((path, line, code))
        return "app/main.py:5"

    told = permanent.find(health, written(*recorded("uvicorn-name")), local)
    assert told is not None
    assert told.message.endswith("(app/main.py:5)")
    assert asked == [("/app/app/main.py", 5, "return nothing_such")]


@pytest.mark.parametrize(
    "later",
    [
        "INFO:     Application startup complete.",
        "INFO:     Started server process [12]",
        "WARNING:  WatchFiles detected changes in 'app/main.py'. Reloading...",
    ],
)
def test_a_later_start_may_succeed(later: str) -> None:
    assert found(*recorded("uvicorn-name"), later) is None


def test_a_later_start_of_node() -> None:
    assert found(*recorded("nodemon"), "[nodemon] restarting due to changes...") is None
    assert found(*recorded("node-syntax"), '{"level":"info","message":"listening","port":8000}') is None


@pytest.mark.parametrize(
    "lines",
    [
        # What a program catches and writes down.
        (
            "WARNING app: ujson is not installed, json is used",
            "Traceback (most recent call last):",
            '  File "/app/main.py", line 3, in <module>',
            "    import ujson",
            "ModuleNotFoundError: No module named 'ujson'",
            "INFO app: reading the model, this takes a while",
        ),
        (
            "INFO:     Started reloader process [1] using WatchFiles",
            "Traceback (most recent call last):",
            '  File "/app/main.py", line 3, in <module>',
            "    import ujson",
            "ModuleNotFoundError: No module named 'ujson'",
        ),
        ("WARNING app: No module named 'ujson', json is used",),
        ("npm warn Cannot find module 'fsevents'",),
        # What a retry may mend, where workers are started again.
        (
            "INFO:     Started parent process [1]",
            "Process SpawnProcess-1:",
            "Traceback (most recent call last):",
            '  File "/app/main.py", line 3, in <module>',
            "    connect()",
            "ConnectionRefusedError: [Errno 111] Connection refused",
        ),
        (),
    ],
)
def test_what_may_yet_heal(lines: tuple[str, ...]) -> None:
    assert found(*lines) is None


def test_data_of_another_version() -> None:
    told = found(*INCOMPATIBLE, state="restarting", exit_code=1)
    assert told is not None
    assert told.cause == "data"
    assert "PostgreSQL version 16" in told.message
    assert found(*INCOMPATIBLE, "LOG:  database system is ready to accept connections") is None


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR] [MY-014060] [Server] Invalid MySQL server downgrade: Cannot downgrade from 80400 to 80039.",
        "[ERROR] InnoDB: Upgrade after a crash is not supported. The redo log was created with MariaDB 10.5.8.",
        "Wrong mongod version",
        "# Can't handle RDB format version 12",
        "cannot upgrade a node from version [6.8.0] directly to version [8.0.0]",
        "Error: in 18+, these Docker images are configured to store database data in a",
    ],
)
def test_data_of_another_version_of_others(line: str) -> None:
    told = found(line)
    assert told is not None
    assert told.cause == "data"


def test_a_password_that_goes_on_being_refused() -> None:
    # A database that is being initialised says so too, for a moment.
    assert found(REFUSED) is None
    assert found(REFUSED, "retrying", REFUSED, every=1) is None
    told = found(REFUSED, "retrying in 3 s", REFUSED, "retrying in 4 s", REFUSED, every=2)
    assert told is not None
    assert told.cause == "password"
    # Told as one line with its number.
    assert found(*[REFUSED] * 9, every=1) is not None
    assert found(*[REFUSED] * 9, "INFO:     Started server process [3]", every=1) is None


def test_a_password_that_the_probe_tells() -> None:
    refused = Probe(URL, 503, 1.0, "HTTP 503", {"checks": {"database": {"status": "unhealthy", "detail": REFUSED}}})
    assert found(f"WARNING app: {REFUSED}", probe=refused, now=BEGAN + 1) is None
    assert found(f"WARNING app: {REFUSED}", probe=refused, now=BEGAN + 6) is not None
    # Said once, and nobody knows whether it still is so.
    assert found(f"WARNING app: {REFUSED}", now=BEGAN + 6) is None


def test_a_health_check_that_cannot_run() -> None:
    unable = {"probes": ((127, "/bin/sh: 1: curl: not found\n"),), "health": "unhealthy"}
    told = found(**unable)
    assert told is not None
    assert told.cause == "health-check"
    assert "curl" in told.message
    # A probe of ours tells readiness in its place.
    assert found(**unable, probe=Probe(URL, None, 1.0, "connection refused", {})) is None
    assert found(probes=((1, "curl: (7) Failed to connect\n"),), health="unhealthy") is None


def test_what_is_ready_or_gone_is_not_asked() -> None:
    lines = written(*recorded("uvicorn-name"))
    for state in ("exited", "created", "paused"):
        health = Health("web", 1, container(state=state), None, Verdict.WAITING, "", "")
        assert permanent.find(health, lines) is None
    assert permanent.find(Health("web", 1, container(), None, Verdict.READY, "", ""), lines) is None
    assert permanent.find(Health("web", 1, None, None, Verdict.WAITING, "", ""), lines) is None
