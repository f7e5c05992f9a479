"""`invoke --list`: each task once, in its group, within the columns."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from invoke.collection import Collection
from invoke.program import Program
from invoke.tasks import Task

from tests.conftest import ROOT
from upready.cli import invoke_program, listing
from upready.report import called_as


def task(name: str, doc: str = "Do something.") -> Task[Any]:
    def body(c: Any) -> None: ...

    body.__doc__ = doc
    return Task(body, name=name)


@pytest.fixture
def tasks() -> Collection:
    found = Collection(task("own"), task("stop"), task("dev", "Start it. And wait."), task("doctor"), task("alone", ""))
    found.add_collection(Collection("env", task("set", f"Set {'one value ' * 20}.")))
    return found


def test_the_main_ones_come_first_and_own_ones_last(tasks: Collection) -> None:
    assert listing.grouped(tasks.task_names) == {
        "main": ["dev", "stop"],
        ".env": ["env.set"],
        "other": ["doctor", "alone", "own"],
    }


def test_one_line_each_with_the_first_sentence(tasks: Collection) -> None:
    told = listing.lines(tasks, 60)
    assert [line.split()[:2] for line in told[:2]] == [["main", "dev"], ["stop", "Do"]]
    assert told[0].endswith(" Start it")
    assert [line for line in told if line.endswith("alone")], "a task without a docstring is listed, too"
    assert max(map(len, told)) <= 60
    cut = next(line for line in told if "env.set" in line)
    assert cut.endswith("one ...")


def test_a_narrow_terminal_cuts_no_name(tasks: Collection) -> None:
    assert any("env.set" in line for line in listing.lines(tasks, 10))


@pytest.fixture
def program(tasks: Collection, monkeypatch: pytest.MonkeyPatch) -> Program:
    for name in ("list_flat", "no_tasks_given", "print_help", "print_task_help"):
        monkeypatch.setattr(Program, name, getattr(Program, name))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(called_as, "prefix", lambda: "tools/shop")
    invoke_program.install()
    return Program(namespace=tasks, name="Shop", binary_names=["shop"])


@pytest.mark.parametrize("words", [[], ["--list"]])
def test_alone_and_asked_for(program: Program, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    program.run(["shop", *words], exit=False)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("main   dev")
    assert told[-1] == "Help: tools/shop --help dev   tools/shop --help"


def test_the_help_of_one_names_the_program_as_it_was_called(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    program.run(["shop", "--help", "dev"], exit=False)
    assert capsys.readouterr().out.startswith("Usage: tools/shop dev")
    program.run(["shop", "--help"], exit=False)
    assert capsys.readouterr().out.startswith("Usage: tools/shop [--core-opts]")


def test_the_last_line_names_what_is_seldom_needed_and_is_cut_at_its_parts(
    tasks: Collection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.add_task(task("init"))
    monkeypatch.setenv("COLUMNS", "80")
    listing.show(tasks, "shop")
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "Also: init   Help: shop --help dev   shop --help"
    assert not any("init" in line for line in told[:-1])
    listing.show(tasks, "a/path/that/is/long/enough/invoke")
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told[-2:]] == ["Also:", "Help:"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--list", "env"], "  .set "),
        (["--list", "--list-depth", "1"], "env [1 tasks]"),
        (["--list", "--list-format=nested"], "Subcommands:"),
        (["--list", "--list-format=json"], '{"name": '),
    ],
)
def test_other_lists_are_as_invoke_has_them(
    program: Program, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program.run(["shop", *words], exit=False)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("called", ["invoke", "uv run invoke", "./invoke"])
def test_this_project_fits_a_terminal_of_24_lines_with_its_prompt(called: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "invoke"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", called_as.VARIABLE: called},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    told = done.stdout.splitlines()
    assert len(told) <= 23
    assert f"{called} --help dev" in told[-1]
    assert max(map(len, told)) < 80
    assert not [line for line in told if line.endswith("...")]
    assert told[0].split()[1:3] == ["dev", "Start"]
    assert done.stdout.isascii()


def test_nothing_heavy_is_imported_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "invoke", "--list"],
        cwd=ROOT,
        env={**os.environ, called_as.VARIABLE: "invoke"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "upready.cli.listing" in imported
    heavy = {"docker", "dotenv", "psutil", "requests", "rich", "upready.secrets", "upready.cli.completion"}
    assert not heavy & imported
