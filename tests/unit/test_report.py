"""What is printed for people and for scripts: what every report shares, and the small reports."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from tests.unit.conftest import DATA
from upready import report
from upready.operations.launch import Launch
from upready.operations.loss import Loss
from upready.readiness.health import Health, Report, Verdict
from upready.report import config, project
from upready.report import launch as launch_report
from upready.runtime.docker.build import Progress
from upready.runtime.interface import Kept, Stopped
from upready.stack.selection import Stack
from upready.support import units
from upready.support.errors import StartError, UsageError


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The consoles are made once a process; make those of this test without a terminal's colours."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    report.console.cache_clear()
    report.errors.cache_clear()
    yield
    report.console.cache_clear()
    report.errors.cache_clear()


Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (14_200_000, "14.2 MB"),
        (-14_200_000, "-14.2 MB"),
        (2_500_000_000, "2.50 GB"),
        (2_500_000_000_000, "2500.00 GB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert units.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 s"),
        (0.9, "0 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (97260, "1 d 3 h"),
        (11520, "3 h 12 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert units.duration(seconds) == text


def test_a_long_line_is_not_folded_and_brackets_are_no_markup(capsys: Captured) -> None:
    report.say("[red]" + "x" * 500 + "[/red]")
    assert capsys.readouterr().out == "[red]" + "x" * 500 + "[/red]\n"


def test_words_beside_a_document_go_to_stderr(capsys: Captured) -> None:
    report.say("words", as_json=True)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "words\n")


def test_a_document_is_utf_8_and_takes_what_json_does_not_know(capsys: Captured) -> None:
    report.document({"a": "größer", "path": Path("x")})
    assert json.loads(capsys.readouterr().out) == {"a": "größer", "path": "x"}


def test_an_error_for_people(capsys: Captured) -> None:
    report.failure(StartError("[web] failed", details=["one [two]", "\x1b[31mred\x1b[0m\x07"], next="invoke [x]"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: [web] failed\n  one [two]\n  red␇\nnext: invoke [x]\n"


def test_no_color_and_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True, write=str, flush=str, encoding="utf-8"))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert report.console().color_system is not None
    report.console.cache_clear()
    monkeypatch.setenv("NO_COLOR", "1")
    assert report.console().no_color


def test_without_a_terminal_there_is_room_for_tables() -> None:
    assert report.console().width == report.WIDE


def test_config_as_yaml(capsys: Captured) -> None:
    import yaml

    model = {"services": {"web": {"command": ["a: b", "größer " * 60, "[x]"]}}}
    assert config.show(model, as_json=False) == 0
    assert yaml.safe_load(capsys.readouterr().out) == model
    assert config.show(model, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == model


GUEST = Kept("network", "demo_default", ("guest of the project other",))


@pytest.mark.parametrize(
    ("gone", "words", "warned"),
    [
        (Stopped("demo", [], [], []), "demo: nothing runs\n", ""),
        (Stopped("demo", ["a"], [], []), "demo: stopped 1 container\n", ""),
        (
            Stopped("demo", ["a", "b"], [], ["v"], orphans=["b"]),
            "demo: stopped 2 containers\nno compose file names them any more: b\nremoved with their data: v\n",
            "",
        ),
        (
            Stopped("demo", ["a"], [], [], kept=[GUEST]),
            "demo: stopped 1 container\n",
            "warning: the network demo_default stays, which guest of the project other uses\n",
        ),
        (
            Stopped("demo", [], [], [], kept=[Kept("volume", "demo_data", ("guest", "other"))]),
            "demo: nothing runs\n",
            "warning: the volume demo_data stays, which guest and other use\n",
        ),
    ],
)
def test_what_a_stop_removed(gone: Stopped, words: str, warned: str, capsys: Captured) -> None:
    assert project.stopped(gone, as_json=False) == 0
    captured = capsys.readouterr()
    assert captured.out == words
    assert captured.err == warned
    assert project.stopped(gone, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == gone.as_dict()


def test_what_a_stop_would_remove(capsys: Captured) -> None:
    assert project.stopped(Stopped("demo", ["a", "b"], ["n"], ["v"]), as_json=False, dry=True) == 0
    assert capsys.readouterr().out == (
        "would stop and remove: a, b\nwould remove the networks: n\nwould remove, with their data: v\n"
        "nothing was done (--dry)\n"
    )
    assert project.stopped(Stopped("demo", ["a"], [], []), as_json=True, dry=True) == 0
    assert json.loads(capsys.readouterr().out)["dry"] is True


LOSS = Loss("demo", (str(Path("/srv/demo")),), ("demo_data",), ("volume demo_data, 12 B",))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "agreed"), [("demo\n", True), (" demo \n", True), ("y\n", False), ("", False)])
def test_data_is_removed_only_for_the_typed_name(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, typed: str, agreed: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    if agreed:
        project.confirm_loss(LOSS)
    else:
        with pytest.raises(UsageError, match="not confirmed"):
            project.confirm_loss(LOSS)
    captured = capsys.readouterr()
    assert "demo_data" in captured.err
    assert "/srv/demo" in captured.err.replace("\\", "/")
    # With --json stdout is for the document alone.
    assert captured.out == ""


def test_nobody_can_confirm_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("demo\n"))
    with pytest.raises(UsageError, match="nobody is here to confirm") as caught:
        project.confirm_loss(LOSS)
    assert caught.value.details == ["volume demo_data, 12 B"]
    assert str(Path("/srv/demo")) in caught.value.message
    assert "--yes" in caught.value.next
    project.confirm_loss(dataclasses.replace(LOSS, volumes=()))


def fed(shown: launch_report.Show, name: str) -> Progress:
    """Show a build whose progress was really printed so."""
    progress = Progress({"web": "web/Dockerfile"})
    for line in (DATA / "build" / f"{name}.txt").read_text("utf-8").splitlines():
        shown.build(progress, progress.feed(line), line)
    return progress


@pytest.mark.parametrize("as_json", [False, True])
def test_a_build_without_a_terminal_is_lines(capsys: Captured, as_json: bool) -> None:
    shown = launch_report.Show(as_json=as_json)
    with shown.running():
        shown.step("build")
        fed(shown, "run")
    captured = capsys.readouterr()
    lines = (captured.err if as_json else captured.out).splitlines()
    assert (captured.out if as_json else captured.err) == ""
    assert lines[0] == "build"
    assert any(line.endswith("| laying bricks") for line in lines)
    # What the error tells later is not told twice, and neither is the housekeeping.
    assert not [line for line in lines if line.startswith((" Image", ">", "failed to solve")) or "exporting" in line]


def test_the_classic_builder_without_a_terminal_is_lines_too(capsys: Captured) -> None:
    fed(launch_report.Show(as_json=False), "classic")
    shown = capsys.readouterr().out
    assert "Step 2/3 : RUN echo laying bricks" in shown
    assert "\x1b" not in shown


def test_a_live_build_shows_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = launch_report.Show(as_json=False)
    screen = io.StringIO()
    shown.console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    progress = Progress({"web": "web/Dockerfile"})
    with shown.running():
        for line in ("#1 [2/2] RUN make", "#1 0.1 compiling \x1b[2J"):
            shown.build(progress, progress.feed(line), line)
        picture = io.StringIO()
        Console(file=picture, width=100).print(shown._picture())
    row = picture.getvalue().splitlines()[0]
    assert row.startswith("web  2/2    0.0 s  RUN make  compiling ")
    assert "\x1b[2J" not in row


def replica(verdict: Verdict, cause: str, reason: str = "so") -> Health:
    return Health("web", 1, None, None, verdict, reason, cause)


def test_health_without_a_terminal_is_a_line_per_change(capsys: Captured) -> None:
    shown = launch_report.Show(as_json=False)
    for health in (
        replica(Verdict.WAITING, "starting", "starts"),
        replica(Verdict.WAITING, "starting", "still starts"),
        replica(Verdict.READY, "ready", "answers"),
    ):
        shown.health([health])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["web starts", "web answers"]


def launched(*, error: StartError | None = None) -> Launch:
    stack = Stack(Path(os.sep), "dev", (), (), "demo")
    verdict = Verdict.FAILED if error else Verdict.READY
    return Launch(
        stack,
        Report("demo", "dev", (replica(verdict, "exited" if error else "ready"),), "docker"),
        1.25,
        {"API": "http://127.0.0.1:8000"},
        error=error,
    )


def test_a_launch_that_is_ready(capsys: Captured) -> None:
    assert launch_report.ended(launched(), as_json=False) == 0
    captured = capsys.readouterr()
    assert "demo is ready in 1.2 s (dev)" in captured.out
    assert captured.out.splitlines()[-1] == "  API  http://127.0.0.1:8000"
    assert captured.err == "It runs in the background: invoke logs --follow shows its logs, invoke stop ends it.\n"


def test_a_launch_that_failed(capsys: Captured) -> None:
    launch = launched(error=StartError("web exited", next="invoke logs"))
    assert launch_report.ended(launch, as_json=False) == 6
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("error: web exited\nnext: invoke logs\n")


def test_a_launch_as_json(capsys: Captured) -> None:
    assert launch_report.ended(launched(error=StartError("web exited")), as_json=True) == 6
    document = json.loads(capsys.readouterr().out)
    assert document["ready_in"] == 1.25
    assert document["urls"] == {"API": "http://127.0.0.1:8000"}
    assert document["error"]["code"] == 6
    assert {"project", "environment", "runtime", "status", "services", "release", "failures"} <= set(document)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize("write", [report.document, report.line])
def test_a_number_that_json_has_no_word_for_is_a_string(capsys: Captured, write: Any) -> None:
    nan, inf = float("nan"), float("inf")
    write({"a": nan, "b": [inf, (-inf, 1.5)], "c": {"d": {"e": nan}}, nan: True, "f": Path("x")})
    found = json.loads(capsys.readouterr().out, parse_constant=_no_constant)
    assert found == {
        "a": "NaN",
        "b": ["Infinity", ["-Infinity", 1.5]],
        "c": {"d": {"e": "NaN"}},
        "NaN": True,
        "f": str(Path("x")),
    }
