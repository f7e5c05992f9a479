"""Tracebacks of real runs: what they say, where in the user's code, and what is shown of them."""

from __future__ import annotations

import pytest

from tests.unit.diagnosis.logs import recorded, written
from upready.logs import tracebacks


@pytest.mark.parametrize(
    ("name", "error", "place", "fatal"),
    [
        ("uvicorn-name", "NameError: name 'nothing_such' is not defined", ("/app/app/main.py", 5), True),
        ("uvicorn-module", "ModuleNotFoundError: No module named 'missing_mod'", ("/app/app/miss.py", 1), True),
        ("uvicorn-syntax", "SyntaxError: '(' was never closed", ("/app/app/syn.py", 1), True),
        ("uvicorn-startup", "RuntimeError: no ledger", ("/app/app/lifespan.py", 4), False),
        ("gunicorn", "ModuleNotFoundError: No module named 'nothing_such'", ("/app/wsgi.py", 1), True),
        ("flask", "ModuleNotFoundError: No module named 'nothing_such'", ("/app/fl.py", 2), True),
        ("django", "ModuleNotFoundError: No module named 'nothing_such'", ("/app/dj/dj/urls.py", 1), True),
        ("python-syntax", "SyntaxError: '(' was never closed", ("/app/app/syn.py", 1), False),
        ("node-syntax", "SyntaxError: Unexpected token ';'", ("/app/bad.mjs", 1), True),
        ("node-reference", "ReferenceError: foo is not defined", ("/app/ref.js", 1), True),
        ("node-require", "Error: Cannot find module 'express'", ("/app/cjs.js", 1), True),
        (
            "node-package",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /app/esm.mjs",
            ("/app/esm.mjs", 0),
            True,
        ),
        (
            "node-export",
            "SyntaxError: The requested module 'node:fs' does not provide an export named 'zz'",
            ("/app/named.mjs", 1),
            True,
        ),
    ],
)
def test_a_traceback(name: str, error: str, place: tuple[str, int], *, fatal: bool) -> None:
    lines = recorded(name)
    found = tracebacks.find(lines)[-1]
    assert (found.error, found.place, found.fatal) == (error, place, fatal)
    # The same once frames are folded, as a diagnosis reads it.
    log = written(*lines)
    assert log.trace is not None
    assert (log.trace.error, log.trace.place, log.trace.fatal) == (error, place, fatal)


def test_frames_of_libraries_are_folded() -> None:
    log = written(*recorded("uvicorn-name"))
    assert log.trouble == [
        "Process SpawnProcess-1:",
        "Traceback (most recent call last):",
        "  … 19 frames of multiprocessing, uvicorn, asyncio, importlib",
        '  File "/app/app/main.py", line 8, in <module>',
        "    app = make()",
        "          ^^^^^^",
        '  File "/app/app/main.py", line 5, in make',
        "    return nothing_such",
        "           ^^^^^^^^^^^^",
        "NameError: name 'nothing_such' is not defined",
    ]


def test_frames_of_node_are_folded() -> None:
    shown = written(*recorded("node-reference")).lines
    assert "    at a (/app/ref.js:1:15)" in shown
    assert "  … 7 frames of node" in shown
    assert not any("node:internal" in line for line in shown)


def test_a_traceback_of_libraries_alone_keeps_its_innermost_frame() -> None:
    frames = [f'  File "/usr/local/lib/python3.13/site-packages/web/{name}.py", line 1, in {name}' for name in "abcd"]
    folded = tracebacks.fold(["Traceback (most recent call last):", *frames, "ValueError: no"])
    assert folded == ["Traceback (most recent call last):", "  … 3 frames of web", frames[-1], "ValueError: no"]


def test_another_process_may_write_in_between() -> None:
    lines = recorded("uvicorn-name")
    cut = [*lines[:20], "INFO:     Waiting for child process [7]", *lines[20:]]
    log = written(*cut)
    assert log.trouble[-1] == "NameError: name 'nothing_such' is not defined"
    assert log.trace is not None
    assert log.trace.place == ("/app/app/main.py", 5)


STARTED = ("INFO:     Started server process [9]", "INFO:     Application startup complete.")


def test_what_an_earlier_start_died_of_is_gone_once_a_later_one_succeeds() -> None:
    log = written(*recorded("uvicorn-name"), "WARNING:  WatchFiles detected changes in 'app/main.py'. Reloading...")
    assert log.trace is None
    log = written(*recorded("uvicorn-name"), "INFO:     Application startup complete.")
    assert log.error is None
    assert not any("NameError" in line for line in log.lines)
    log = written(*recorded("uvicorn-name"), *STARTED, "ERROR:    no more coffee")
    assert log.trouble == ["ERROR:    no more coffee"]


def test_the_last_of_two_starts_that_died_counts() -> None:
    again = "WARNING:  WatchFiles detected changes in 'app/main.py'. Reloading..."
    log = written(*recorded("uvicorn-name"), again, *recorded("uvicorn-module")[3:])
    assert log.trouble[-1] == "ModuleNotFoundError: No module named 'missing_mod'"


def test_what_is_logged_while_a_program_starts_stays() -> None:
    logged = (
        "ERROR app: the database is not ready",
        "Traceback (most recent call last):",
        '  File "/app/db.py", line 3',
    )
    log = written(STARTED[0], *logged, "OSError: refused", STARTED[1])
    assert log.trouble[-1] == "OSError: refused"


def test_that_a_server_has_ended_is_not_the_error() -> None:
    ended = '{"level":"error","message":"the server ended; it starts again after the next edit","code":1}'
    log = written(*recorded("node-syntax"), ended)
    assert "SyntaxError: Unexpected token ';'" in log.trouble
    assert ended not in log.trouble


@pytest.mark.parametrize(
    ("path", "library"),
    [
        ("/app/app/main.py", ""),
        ("/usr/local/lib/python3.13/site-packages/uvicorn/server.py", "uvicorn"),
        ("/usr/lib/python3/dist-packages/apt/cache.py", "apt"),
        ("/usr/local/lib/python3.13/importlib/__init__.py", "importlib"),
        ("<frozen importlib._bootstrap_external>", "importlib"),
        ("C:\\Python313\\Lib\\asyncio\\runners.py", "asyncio"),
        ("node:internal/modules/cjs/loader", "node"),
        ("/app/node_modules/express/lib/router.js", "express"),
        ("/app/node_modules/@scope/pack/index.js", "@scope/pack"),
        ("/app/node_modules/.pnpm/express@5.0.0/node_modules/express/index.js", "express"),
        ("/app/src/library.mjs", ""),
    ],
)
def test_whose_code_it_is(path: str, library: str) -> None:
    assert tracebacks.library(path) == library
