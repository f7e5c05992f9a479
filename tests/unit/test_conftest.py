"""The guard of the engine tests: skipped without an engine, but never where one is required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, unique_name

pytestmark = pytest.mark.costly

SUITE = """
import pytest

@pytest.mark.engine
def test_with_engine():
    pass

def test_without_engine():
    pass
"""


def run_suite(folder: Path, port: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of two tests, one of which needs an engine, where nothing answers as one."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_sample.py").write_text(SUITE, encoding="utf-8")
    variables = {name: value for name, value in os.environ.items() if name not in {"REQUIRE_ENGINE", "DOCKER_CONTEXT"}}
    variables |= {"DOCKER_HOST": f"tcp://127.0.0.1:{port}", "PYTHONPATH": str(ROOT), **environment}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(folder),
        str(folder),
    ]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider"], env=variables, capture_output=True, encoding="utf-8", check=False
    )


def test_without_an_engine_its_tests_are_skipped_and_say_why(tmp_path: Path, free_port) -> None:
    done = run_suite(tmp_path, free_port())
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "needs a Docker Engine: " in done.stdout


def test_where_an_engine_is_required_its_absence_fails(tmp_path: Path, free_port) -> None:
    done = run_suite(tmp_path, free_port(), REQUIRE_ENGINE="1")
    assert done.returncode == 1, done.stdout
    assert "REQUIRE_ENGINE is set, but there is no engine" in done.stdout


def test_names_of_projects_are_valid_recognisable_and_unique(monkeypatch) -> None:
    monkeypatch.setenv("TEST_PROJECT_PREFIX", "ci-1")
    first, second = (unique_name("test_Dev[full stack/ü]") for _ in range(2))
    assert first != second
    assert first.startswith("ci-1-test-dev-full-stack-")
    assert not set(first) - set("abcdefghijklmnopqrstuvwxyz0123456789-_")
