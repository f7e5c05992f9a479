"""What a quick run plays, and how long it says that it will take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import runner
from tests.conftest import ROOT

SUITE = """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_cheap(number):
    pass

@pytest.mark.costly
@pytest.mark.parametrize("number", range(20))
def test_costly(number):
    pass

@pytest.mark.slow
def test_slow():
    pass

@pytest.mark.nightly
def test_long():
    pass

@pytest.mark.nightly(day=3)
@pytest.mark.parametrize("number", range(10))
def test_many(number):
    pass
"""


def run_suite(folder: Path, *words: str) -> str:
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text("utf-8"), encoding="utf-8")
    (folder / "test_sample.py").write_text(SUITE, encoding="utf-8")
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-o", f"cache_dir={folder / 'cache'}"]
    line = [sys.executable, "-m", "pytest", *settings, "-o", f"testpaths={folder}", "-o", f"pythonpath={ROOT}", *words]
    done = subprocess.run(line, cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


@pytest.mark.slow
def test_a_quick_run_plays_few_cases_of_what_is_costly_and_says_how_long_it_takes(tmp_path: Path) -> None:
    first = run_suite(tmp_path, "--quick")
    assert "25 passed, 27 deselected" in first
    assert "this will take about 10 min on two processors" in first
    again = run_suite(tmp_path, "--quick", "-v")
    assert re.search(r"this will take about \d+ s, as the last run like this did", again)
    played = sorted(re.findall(r"test_costly\[\d+\]", again))
    assert sorted(re.findall(r"test_costly\[\d+\]", run_suite(tmp_path, "--quick", "-v"))) == played
    whole = run_suite(tmp_path)
    assert "44 passed" in whole
    assert "this will take about 35 min" in whole


@pytest.mark.slow
def test_a_night_plays_what_ci_does_not(tmp_path: Path) -> None:
    day, night = (
        set(re.findall(r"py::(test_\w+\[?\d*)", run_suite(tmp_path, "-v", *words))) for words in ([], ["--nightly"])
    )
    assert night >= {"test_long"}
    assert len(night - {"test_sample"}) == 8
    assert day & night <= {"test_sample"}
    assert {each for each in day | night if "many" in each} == {f"test_many[{number}" for number in range(10)}


def test_what_is_asked_for_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    assert "--quick" in runner.command(tmp_path)
    assert "--ignore=tests/native/" not in runner.command(tmp_path)
    assert "--ignore=tests/native/" in runner.command(tmp_path, mark=runner.UNIT)
    assert "--ignore=tests/native/" not in runner.command(tmp_path, mark=runner.UNIT, whole=True)
    assert "--quick" in runner.command(tmp_path, more=["-x"])
    assert "--quick" not in runner.command(tmp_path, whole=True)
    assert "--quick" not in runner.command(tmp_path, faults=True)
    assert "--quick" not in (nightly := runner.command(tmp_path, nightly=True)) and "--nightly" in nightly
    assert "--quick" not in runner.command(tmp_path, name="lock")
    assert "--quick" not in runner.command(tmp_path, more=["tests::test_one"])
