"""Following the logs of a stack that is started in another runtime than it was looked for in; no engine is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.logs.entry import Entry, Origin
from upready.logs.query import Query
from upready.logs.source import Line
from upready.operations import logs
from upready.runtime import choice, last_used
from upready.stack import settings
from upready.support.errors import EngineError

WEB = Origin("web", 1, "web1")


class Silent:
    """A source without anything, as that of a runtime in which nothing runs."""

    def __init__(self, *lines: Line) -> None:
        self.lines, self.closed = list(lines), threading.Event()

    def origins(self) -> list[Origin]:
        return [WEB] if self.lines else []

    def read(self, *_: object, **asked: object) -> Iterator[Sequence[Line]]:
        yield self.lines

    def follow(self, *_: object) -> Iterator[Sequence[Line]]:
        self.closed.wait()
        yield from ()

    def changes(self) -> Iterator[Origin]:
        self.closed.wait()
        yield from ()

    def running(self, _: Origin) -> bool:
        return True

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.closed.set()


class Told:
    """What a test decides: where the project runs, and what each runtime has of it."""

    def __init__(self) -> None:
        self.sources = {"docker": Silent(), "native": Silent(("2026-11-29T10:00:00.000000000Z", 1, "hello"))}
        self.runs = "docker"
        self.looks = 0

    def find(self, *_: object) -> Any:
        self.looks += 1
        if not self.runs:
            raise EngineError("gone")
        return SimpleNamespace(name=self.runs, source=lambda *_: self.sources[self.runs])


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Told, logs.Logs]:
    made = Told()
    monkeypatch.setattr(choice, "find", made.find)
    (tmp_path / "compose.yaml").write_text("name: shop\nservices: {web: {image: x}}\n", encoding="utf-8")
    known = settings.load({}, tmp_path)
    return made, logs.find(known, Query(follow=True, tail=100), lambda _: None, lambda _: None)


def start(found: logs.Logs, runtime: str) -> None:
    last_used.write(found.settings.root, last_used.Memory(project="shop", runtime=runtime))


def first(following: Iterator[list[Entry]]) -> str:
    """The text of the first entry."""
    return next(each.text for entries in following for each in entries)


def test_a_stack_that_is_started_elsewhere_is_followed_there(told: tuple[Told, logs.Logs]) -> None:
    made, found = told
    pulses: list[None] = []

    def pulse() -> None:
        pulses.append(None)
        if len(pulses) == 2:
            made.runs = "native"
            start(found, "native")

    following = found.wherever(found.origins(), pulse)
    assert first(following) == "hello"
    assert made.looks == 2
    assert made.sources["docker"].closed.is_set()


@pytest.mark.parametrize("runs", ["docker", ""])
def test_what_is_only_about_to_be_started_elsewhere_is_waited_for(told: tuple[Told, logs.Logs], runs: str) -> None:
    made, found = told
    start(found, "native")

    def pulse() -> None:
        if made.looks < 3:
            made.runs = runs
        else:
            made.runs = "native"

    following = found.wherever([], pulse)
    assert first(following) == "hello"


def test_where_a_runtime_is_asked_for_no_other_is_looked_for(told: tuple[Told, logs.Logs]) -> None:
    made, found = told
    start(found, "native")
    asked = replace(found, settings=replace(found.settings, runtime="docker", runtime_forced=True))
    pulses: list[None] = []

    def pulse() -> None:
        pulses.append(None)
        if len(pulses) == 3:
            raise EnoughError

    with pytest.raises(EnoughError):
        list(asked.wherever([], pulse))
    assert made.looks == 1


class EnoughError(Exception):
    """Of a following that would go on without end."""


@pytest.mark.parametrize("remembered", ["docker", ""])
def test_nobody_is_asked_again_while_it_runs_where_it_is_followed(
    told: tuple[Told, logs.Logs], remembered: str
) -> None:
    made, found = told
    start(found, remembered)
    pulses: list[None] = []

    def pulse() -> None:
        pulses.append(None)
        if len(pulses) == 3:
            raise EnoughError

    with pytest.raises(EnoughError):
        list(found.wherever([], pulse))
    assert made.looks == 1
