"""An error in the program itself: when it counts, how it is told, and whether an edit, a module or a start mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import replica, told
from tests.unit.diagnosis.logs import recorded, written
from tests.unit.replicas import service
from upready.diagnosis.rules import source
from upready.diagnosis.rules.source import Broken
from upready.stack.compose_failure import Failure

NAME, VALUE = "NameError: name 'moon' is not defined", "ValueError: no moon"
DIES = "Process SpawnProcess-1:"
RELOADS = "INFO:     Started reloader process [1] using WatchFiles"
WATCHES = '[10:00:00] watchfiles v1.1.0 👀  path="/app"'
CRASHED = "[nodemon] app crashed - waiting for file changes before starting..."
BOOT = "Worker failed to boot."


def trace(error: str, path: str = "/app/main.py", line: int = 3) -> list[str]:
    """A traceback of Python with one frame."""
    return ["Traceback (most recent call last):", f'  File "{path}", line {line}, in <module>', "    moon()", error]


def broken(error: str, *, lasting: bool) -> Broken:
    """What is said of such a traceback."""
    return Broken(error, "/app/main.py", 3, "moon()", lasting)


def look(*lines: str, ended: bool = False) -> Broken | None:
    return source.look(written(*lines), ended=ended)


# Which tracebacks count.


def test_what_ended_the_container_counts() -> None:
    assert look("starting", *trace(NAME), ended=True) == broken(NAME, lasting=True)
    assert look("starting", *trace(VALUE), "good-bye", ended=True) == broken(VALUE, lasting=False)
    assert look("starting", "good-bye", ended=True) is None
    assert look(ended=True) is None


def test_what_was_caught_and_logged_does_not_count() -> None:
    for error in (NAME, VALUE):
        assert look("starting", *trace(error)) is None
        assert look(RELOADS, *trace(error)) is None
        assert look("starting", *trace(error), BOOT) is None


def test_what_ended_a_process_counts() -> None:
    assert look("starting", DIES, *trace(NAME)) == broken(NAME, lasting=True)
    assert look("starting", DIES, *trace(VALUE)) == broken(VALUE, lasting=False)
    assert look(RELOADS, DIES, *trace(VALUE)) == broken(VALUE, lasting=True)


@pytest.mark.parametrize("ended", [False, True])
def test_what_a_reloader_gave_up_on_lasts_until_an_edit(ended: bool) -> None:
    assert look("[nodemon] 3.1", *trace(VALUE), CRASHED, ended=ended) == broken(VALUE, lasting=True)
    assert look(RELOADS, *trace(VALUE), BOOT, ended=ended) == broken(VALUE, lasting=True)


def test_a_reloader_that_has_ended_itself_has_not_given_up() -> None:
    assert look(RELOADS, *trace(VALUE), ended=True) == broken(VALUE, lasting=False)


def test_a_start_that_was_given_up_before_the_last_one_does_not_count() -> None:
    lines = ["[nodemon] 3.1", CRASHED, "[nodemon] restarting due to changes...", "[nodemon] starting `node x`"]
    assert look(*lines, *trace(VALUE)) is None
    assert look(*lines, *trace(VALUE), CRASHED) == broken(VALUE, lasting=True)


def test_a_reloader_that_says_nothing_has_given_up_on_the_last_words() -> None:
    assert look(WATCHES, *trace(NAME)) == broken(NAME, lasting=True)
    assert look(WATCHES, *trace(NAME), " ") == broken(NAME, lasting=True)
    assert look(WATCHES, *trace(NAME), "going on", "") is None
    # What a retry may mend, and a later start that began.
    assert look(WATCHES, *trace(VALUE)) is None
    assert look(WATCHES, *trace(VALUE), BOOT) is None
    assert look(WATCHES, *trace(NAME), "3 changes detected, Reloading...") is None


def test_a_silent_reloader_that_has_ended_may_have_said_that_it_gave_up() -> None:
    assert look(WATCHES, *trace(VALUE), BOOT, ended=True) == broken(VALUE, lasting=True)
    assert look(WATCHES, *trace(VALUE), ended=True) == broken(VALUE, lasting=False)


def test_a_process_that_ended_under_a_silent_reloader() -> None:
    assert look(WATCHES, DIES, *trace(VALUE), "going on") == broken(VALUE, lasting=True)


def test_a_traceback_of_libraries_alone_has_no_place() -> None:
    library = "/usr/local/lib/python3.13/site-packages/web/server.py"
    assert look("starting", *trace(NAME, library), ended=True) == Broken(NAME)


# The line of code.


def test_the_code_of_the_line() -> None:
    lines = [*trace("ImportError: x", line=30), "During handling of the above exception,", *trace(NAME)]
    lines[2] = "    other()"
    found = look(*lines, ended=True)
    assert found == broken(NAME, lasting=True)
    found = look(*recorded("node-reference"))
    assert found == Broken("ReferenceError: foo is not defined", "/app/ref.js", 1, "function a(){ foo(); }")


# Words without a traceback.


@pytest.mark.parametrize(
    ("line", "error", "module"),
    [
        (
            'ERROR:    Error loading ASGI app. Could not import module "app.nope".',
            'Could not import module "app.nope".',
            "app.nope",
        ),
        (
            'ERROR:    Error loading ASGI app. Attribute "app" not found in module "main".',
            'Attribute "app" not found in module "main".',
            "",
        ),
        ("/usr/local/bin/python3.13: No module named app.nope", "No module named app.nope", "app.nope"),
        (
            "python: can't open file '/app/nope.py': [Errno 2] No such file or directory ",
            "can't open file '/app/nope.py': [Errno 2] No such file or directory",
            "",
        ),
        (
            "python: Error while finding module specification for 'a.b' (ModuleNotFoundError: No module named 'a')",
            "Error while finding module specification for 'a.b' (ModuleNotFoundError: No module named 'a')",
            "a",
        ),
        ("Error: Could not import 'nope'.", "Could not import 'nope'.", ""),
        (
            "Error: Failed to find Flask application in module 'x'.",
            "Failed to find Flask application in module 'x'.",
            "",
        ),
        ("Error: Failed to find attribute 'app' in 'x'.", "Failed to find attribute 'app' in 'x'.", ""),
        ("Failed to find attribute 'app' in 'wsgi'.", "Failed to find attribute 'app' in 'wsgi'.", ""),
        ("Failed to parse 'x:' as an attribute name", "Failed to parse 'x:' as an attribute name", ""),
        (
            "Error: Could not find or load main class shop.Main",
            "Error: Could not find or load main class shop.Main",
            "",
        ),
    ],
)
def test_what_is_said_without_a_traceback(line: str, error: str, module: str) -> None:
    found = look("starting", line, "good-bye", ended=True)
    assert found == Broken(error)
    assert found.module == module
    assert look("[nodemon] 3.1", line) == Broken(error)
    # Without a reloader the container would have ended; only uvicorn says surely that it is of its own program.
    assert look("starting", line) == (Broken(error) if "ASGI" in line else None)
    # A later start has begun.
    assert look("starting", line, "INFO:     Started server process [9]", ended=True) is None


def test_the_last_of_such_words_counts() -> None:
    found = look("python: No module named one", "python: No module named two", ended=True)
    assert found == Broken("No module named two")


def test_words_of_the_last_start_count() -> None:
    lines = ["python: No module named one", "[nodemon] starting `python`", "python: No module named two"]
    assert look(*lines) == Broken("No module named two")
    assert look(*lines[:2], "[nodemon] starting `python`", ended=True) is None
    assert look(*lines[1:]) == Broken("No module named two")


# What is told.


def said(*lines: str, **given: Any) -> tuple[str, str, str] | None:
    """What is said of a service that wrote these lines."""
    one = replace(replica(**given), log=written(*lines))
    found = source.find(one)
    return told(found) if found else None


@pytest.mark.parametrize("state", ["exited", "restarting", "dead"])
def test_what_has_ended_is_told_with_its_exit_code(state: str) -> None:
    assert said("starting", *trace(NAME), state=state, exit_code=3) == (
        "",
        f"exited with code 3: {NAME} (/app/main.py:3)",
        "correct /app/main.py:3, then: invoke dev",
    )


def test_what_goes_on_cannot_start() -> None:
    assert said("starting", DIES, *trace(NAME), state="running") == (
        "",
        f"cannot start: {NAME} (/app/main.py:3)",
        "correct /app/main.py:3, then: invoke dev",
    )
    assert said("starting", *trace(NAME), state="running") is None


def test_an_error_without_a_place() -> None:
    assert said("Error: Could not import 'nope'.") == (
        "",
        "exited with code 1: Could not import 'nope'.",
        "correct that, then: invoke dev",
    )


def test_what_a_retry_may_mend_is_left_to_others() -> None:
    assert said("starting", *trace(VALUE)) is None
    assert said("starting") is None


def test_what_was_refused_or_has_no_container_is_left_to_others() -> None:
    assert said(*trace(NAME), failure=Failure("container", "x")) is None
    assert said(*trace(NAME), there=False) is None


def bind(root: Path) -> Mapping[str, Any]:
    """A container into which the project's folder is mounted."""
    return {"Mounts": [{"Type": "bind", "Source": str(root), "Destination": "/app", "RW": True}]}


def test_the_file_is_told_as_the_user_has_it(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("moon()\n", encoding="utf-8")
    given: dict[str, Any] = {"root": tmp_path, "raw_container": bind(tmp_path)}
    assert said(*trace(NAME), **given) == (
        "",
        f"exited with code 1: {NAME} (main.py:3)",
        "correct main.py:3, then: invoke dev",
    )


def test_of_files_with_one_name_the_one_with_that_code(tmp_path: Path) -> None:
    for folder, code in (("one", "sun()"), ("two", "moon()")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "main.py").write_text(f"\n\n{code}\n", encoding="utf-8")
    found = said(*trace(NAME, "/srv/main.py"), root=tmp_path)
    assert found is not None
    assert found[2] == "correct two/main.py:3, then: invoke dev"


def test_under_a_reloader_an_edit_of_a_mounted_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("moon()\n", encoding="utf-8")
    lines = [RELOADS, DIES, *trace(NAME)]
    given: dict[str, Any] = {"root": tmp_path, "state": "running"}
    assert said(*lines, **given, raw_container=bind(tmp_path)) == (
        "",
        f"cannot start: {NAME} (main.py:3)",
        "correct main.py:3; it starts again by itself",
    )
    volume = {"Mounts": [{"Type": "volume", "Name": "code", "Destination": "/app", "RW": True}]}
    for raw in ({}, volume):
        found = said(*lines, **given, raw_container=raw)
        assert found is not None
        assert found[2] == "correct main.py:3, then: invoke dev"
    found = said(*lines[1:], **given, raw_container=bind(tmp_path))
    assert found is not None
    assert found[2] == "correct main.py:3, then: invoke dev"


# A module that is missing.

MISSING = "ModuleNotFoundError: No module named 'yaml.nope'"


def test_a_module_is_installed_where_the_program_runs() -> None:
    assert said(*trace(MISSING)) == (
        "module",
        f"exited with code 1: {MISSING} (/app/main.py:3)",
        "install yaml.nope where web runs, or correct /app/main.py:3, then: invoke dev",
    )
    assert said("python: No module named yaml") == (
        "module",
        "exited with code 1: No module named yaml",
        "install yaml where web runs, or correct its command, then: invoke dev",
    )


def test_a_module_is_added_to_an_image_of_the_project() -> None:
    web = replace(service(), built=True)
    found = said(*trace(MISSING), web=web)
    assert found is not None
    assert found[2] == "add yaml.nope to what the image of web installs, then: invoke dev"


@pytest.mark.parametrize("built", [False, True])
def test_a_module_of_the_project_is_not_installed(built: bool, tmp_path: Path) -> None:
    (tmp_path / "yaml.py").touch()
    (tmp_path / "app").mkdir()
    web = replace(service(), built=built)
    found = said(*trace(MISSING), root=tmp_path, web=web)
    assert found is not None
    assert found[2] == (
        "correct /app/main.py:3: yaml.nope is a module of the project that is not there, then: invoke dev"
    )
    found = said("python: No module named app.nope.x", root=tmp_path, web=web)
    assert found is not None
    assert found[2] == (
        "correct the command of web: app.nope.x is a module of the project that is not there, then: invoke dev"
    )


@pytest.mark.parametrize(
    ("error", "module"),
    [
        ("Error: Cannot find module 'express'", "express"),
        ("Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@scope/pack' imported from /app/x.mjs", "@scope/pack"),
        ("Error: Cannot find module './nope'", ""),
        ("Error: Cannot find module '/app/nope.js'", ""),
        (NAME, ""),
    ],
)
def test_the_module_that_an_error_names(error: str, module: str) -> None:
    assert Broken(error).module == module
