"""`invoke bench`: what is compared, what is promised, and the page that is made of it."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import __main__ as bench
from bench import pages, parts, plot, runner
from bench.figure import Figure
from upready.support.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]


def entry(*figures: Figure, code: int = 0, quick: bool = False) -> dict[str, Any]:
    machine = {"cores": 2, "memory_gb": 8.0, "load": 0.1, "processor": "P", "system": "S", "versions": {"Python": "3"}}
    return {
        "about": "what it measures",
        "measured": "2026-01-01T00:00:00+00:00",
        "quick": quick,
        "seconds": 1.0,
        "code": code,
        "machine": machine,
        "figures": [each.document() for each in figures],
    }


def test_a_ratio_is_of_runs_side_by_side() -> None:
    # The machine was ten times as slow in the second round; both medians alone would say 1 and 10.
    figure = Figure("x", "s", [1.0, 10.0, 1.0], {"other": [2.0, 20.0, 0.5]})
    assert figure.ratio("other") == 0.5
    assert Figure("x", "s", [1.0, 3.0], {"other": [4.0]}).ratio("other") == 0.5


def test_nothing_is_divided_by_nothing_nor_by_what_was_told_too_early() -> None:
    assert Figure("x", "requests", [0.0], {"other": [0.0]}).ratio("other") is None
    assert Figure("x", "s", [0.2], {"early": [-3.0]}).ratio("early") is None


@pytest.mark.parametrize(
    ("ours", "theirs", "more", "behind"),
    [
        (2.0, 1.0, {}, True),
        (1.0, 2.0, {}, False),
        (1.0, -2.0, {}, False),  # told too early is no better
        (-1.0, 2.0, {}, True),
        (90.0, 99.0, {"at_least": True}, True),
        (2.0, 1.0, {"own": True}, False),
    ],
)
def test_where_another_is_better(ours: float, theirs: float, more: dict[str, bool], behind: bool) -> None:
    assert Figure("x", "s", [ours], {"other": [theirs]}, **more).behind("other") is behind  # type: ignore[arg-type]


def test_a_goal_is_for_the_value_or_for_the_ratio() -> None:
    assert Figure("x", "s", [1.0]).met is None
    assert Figure("x", "s", [1.0], goal=1.0).met is True
    assert Figure("x", "%", [98.0], goal=99, at_least=True).met is False
    assert Figure("x", "s", [1.3], {"other": [1.0]}, goal=2.0, ratio_goal=1.2).met is False


def test_the_page_shows_where_another_is_better_and_what_is_missed() -> None:
    worse = Figure("invoke logs", "s", [4.0], {"compose logs": [2.0]}, goal=3.0)
    files = pages.make({"benches": {"logs": entry(worse, quick=True), "page": entry(code=4)}})
    page = files["README.md"]
    assert "- logs, invoke logs: 4 s; compose logs: 2 s" in page
    assert "| invoke logs | 4 s | compose logs | 2 s | 2.00 | ≤ 3 s | missed, the other is better |" in page
    assert "Measured with `--quick`" in page
    assert "Not measured: this machine lacks what it needs." in page
    assert "2 | 8.0 GB | 0.1 | P, S | Python 3 |" in page


def test_each_picture_of_the_page_is_drawn_and_whole() -> None:
    grown = [
        Figure("start & stop", "s", [size / 10], {"up": [size / 20]}, size=size, sizes="services")
        for size in (1, 10, 200)
    ]
    files = pages.make({"benches": {"services": entry(*grown)}})
    shown = re.findall(r"\((.*?\.svg)\)", files["README.md"])
    assert shown == ["ratios-services.svg", "growth-services-start-stop.svg"]
    for name in shown:
        ElementTree.fromstring(files[name])
    assert "start &amp; stop" in files[shown[1]]


def test_in_a_picture_of_ratios_the_better_is_left_of_the_line() -> None:
    drawn = plot.ratios("x", [("half", 0.5), ("twice", 2.0), ("the same", 1.0)])
    half = float(re.search(r'<circle cx="([\d.]+)"', drawn)[1])  # type: ignore[index]
    twice = float(re.search(r'<rect x="([\d.]+)" .*class="s1"', drawn)[1])  # type: ignore[index]
    line = float(re.search(r'<line x1="([\d.]+)" [^>]*class="one"', drawn)[1])  # type: ignore[index]
    assert half < line < twice


def test_what_is_measured_again_takes_the_place_of_what_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    takes = {"list": 1.0, "logs": 2.0}
    monkeypatch.setattr(bench, "measured", lambda name, *, quick: entry(Figure("it", "s", [takes[name]]), quick=quick))
    for only in (["--only", "list", "--only", "logs"], ["--only", "logs"]):
        monkeypatch.setattr(sys, "argv", ["bench", "--output", str(tmp_path), *only])
        assert bench.main() == 0
        takes["logs"] = 3.0
    found = bench.read(tmp_path / "bench.json")["benches"]
    assert {name: each["figures"][0]["value"] for name, each in found.items()} == {"list": 1.0, "logs": 3.0}
    assert "logs         1 figures, 0 goals missed, another is better 0 times" in capsys.readouterr().out


def test_a_missed_goal_and_a_part_that_failed_end_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "list", "--json", "--output", str(tmp_path)])
    for code, ends in ((1, 1), (-9, 1), (4, 0)):
        monkeypatch.setattr(bench, "measured", lambda _, code=code, **__: entry(code=code))
        assert bench.main() == ends


def test_a_part_that_is_not_there_is_refused_by_the_names_of_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no part 'nope'") as caught:
        runner.command(tmp_path, only=["nope"], quick=False, as_json=False, output="")
    assert any(line.startswith("launch: ") for line in caught.value.details)
    line = runner.command(tmp_path, only=["list"], quick=True, as_json=True, output="x")
    assert line[-8:-2] == ["-m", "bench", "--only", "list", "--quick", "--json"]
    assert Path(line[-1]).is_absolute()


MEASURE = """
import signal, subprocess, sys
from bench import harness

signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell has it for what it starts with &

def measure(options):
    try:
        look = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
        print("deaf:", subprocess.run([sys.executable, "-c", look], capture_output=True, text=True).stdout, flush=True)
        yield sys.stdin.read()
    finally:
        print("removed", flush=True)

sys.exit(harness.run("Measure.", measure))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a program could answer")
def test_in_the_background_programs_end_on_ctrl_c_and_what_was_made_is_removed() -> None:
    line = [sys.executable, "-c", MEASURE]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "deaf: False\n"
        process.send_signal(signal.SIGTERM)
        assert "removed" in process.stdout.read()
        assert process.wait() == 128 + signal.SIGTERM


def test_each_part_is_a_module_and_each_module_with_figures_of_its_own_is_a_part() -> None:
    for name in parts.NAMES:
        assert importlib.util.find_spec(f"bench.{name}")
    within = {"bombs", "first_token", "overload"}  # the API's part plays them
    alone = {file.stem for file in (ROOT / "bench").glob("*.py") if "harness.run(__doc__" in file.read_text("utf-8")}
    assert alone - within == set(parts.NAMES)
