"""What a run with failures says: each once, and at once in a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.costly

SUITE = """
import os, signal
import pytest

@pytest.fixture
def broken(tmp_path):
    raise RuntimeError(f"nothing listens on port {id(tmp_path)}")

@pytest.mark.parametrize("number", range(20))
def test_uses_it(broken, number):
    pass

def test_fails():
    assert 1 == 2, "first line\\nsecond line"

def test_is_killed():
    if "--die" in os.environ.get("HOW", ""):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run_suite(folder: Path, how: str = "") -> tuple[int, str, list[str]]:
    """Run a suite with a broken fixture that twenty tests use; gives the exit code, the output and the file's lines."""
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text("utf-8"), encoding="utf-8")
    (folder / "test_sample.py").write_text(SUITE.replace('os.environ.get("HOW", "")', repr(how)), encoding="utf-8")
    words = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "--failures", str(folder / "failures")]
    line = [sys.executable, "-m", "pytest", *words, "-p", "no:cacheprovider", "--basetemp", str(folder / "t"), folder]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    return done.returncode, done.stdout, (folder / "failures").read_text("utf-8").splitlines()


def test_a_broken_fixture_is_shown_once_and_each_failure_has_its_line(tmp_path: Path) -> None:
    code, said, written = run_suite(tmp_path)
    assert code == 1
    assert said.count("def broken(tmp_path):") == 1
    assert said.count("as in test_sample.py::test_uses_it[0]: ") >= 19
    assert len(written) == 21
    assert written[0].startswith("test_sample.py::test_uses_it[0]: RuntimeError: nothing listens on port ")
    assert written[-1] == "test_sample.py::test_fails: first line"


def test_the_file_is_whole_when_the_run_is_killed(tmp_path: Path) -> None:
    code, _, written = run_suite(tmp_path, "--die")
    assert code < 0
    assert written[-1] == "test_sample.py::test_fails: first line"
