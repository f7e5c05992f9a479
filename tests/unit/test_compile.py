"""`requirements/compile.py` on a project of its own, whose packages lie in a folder: no network, but the real uv."""

from __future__ import annotations

import base64
import datetime
import hashlib
import importlib.util
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "compile.py"
spec = importlib.util.spec_from_file_location("requirements_compile", SCRIPT)
assert spec and spec.loader
compiling = importlib.util.module_from_spec(spec)
spec.loader.exec_module(compiling)

needs_uv = pytest.mark.skipif(not (os.environ.get("UV") or shutil.which("uv")), reason="uv is not installed")

PYPROJECT = """
[project]
name = "sample"
version = "1"
requires-python = ">=3.11"

[dependency-groups]
tasks = ["leaf"]
app = ["leaf<2", "tree"]

[tool.uv]
package = false
no-index = true
find-links = ["wheels"]
"""


def wheel(folder: Path, name: str, version: str, *requires: str) -> None:
    """Write the least that is a wheel."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    files = {
        f"{info}/METADATA": "\n".join([*lines, *(f"Requires-Dist: {each}" for each in requires)]) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "requirements").mkdir()
    wheel(tmp_path / "wheels", "leaf", "1.0")
    wheel(tmp_path / "wheels", "leaf", "2.0")
    wheel(tmp_path / "wheels", "tree", "1.0", "leaf")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return tmp_path


def lock(project: Path, group: str) -> str:
    return (project / "requirements" / f"{group}.txt").read_text(encoding="utf-8")


def pins(project: Path, group: str) -> list[str]:
    return re.findall(r"^\S+==\S+", lock(project, group), re.MULTILINE)


@needs_uv
def test_locks_agree_where_one_group_asks_for_less_than_another(project: Path) -> None:
    assert compiling.main([], project) == 0
    assert pins(project, "tasks") == ["leaf==1.0"]  # alone, the group would have got 2.0
    assert pins(project, "app") == ["leaf==1.0", "tree==1.0"]
    assert lock(project, "app").count("--hash=sha256:") == 2
    assert "wheels" not in lock(project, "app")


@needs_uv
def test_check_names_each_stale_lock_and_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiling.main([], project)
    assert compiling.main(["--check"], project) == 0
    stale = lock(project, "app").replace("tree==1.0", "tree==0.9")
    (project / "requirements" / "app.txt").write_text(stale, encoding="utf-8")
    (project / "requirements" / "tasks.txt").unlink()
    capsys.readouterr()
    assert compiling.main(["--check"], project) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "requirements/tasks.txt",
        "requirements/app.txt",
    ]
    assert lock(project, "app") == stale


@needs_uv
def test_what_cannot_be_resolved_says_why_and_keeps_the_locks(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiling.main([], project)
    before = lock(project, "app")
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    (project / "pyproject.toml").write_text(text.replace('"tree"', '"shrub"'), encoding="utf-8")
    assert compiling.main([], project) == 2
    assert "shrub" in capsys.readouterr().err
    assert lock(project, "app") == before


def test_without_uv_it_says_how_to_get_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(project))
    assert compiling.main([], project) == 2
    assert "pip install uv" in capsys.readouterr().err


def test_upgrade_moves_the_day_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.uv]\n# why\nexclude-newer = "2026-01-01T00:00:00Z"\nx = 1\n', encoding="utf-8")
    compiling.move_cutoff(tmp_path, datetime.date(2027, 2, 3))
    expected = '[tool.uv]\n# why\nexclude-newer = "2027-02-03T00:00:00Z"\nx = 1\n'
    assert path.read_text(encoding="utf-8") == expected


def test_upgrade_without_a_day_to_move_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\n", encoding="utf-8")
    assert compiling.main(["--upgrade", "2027-02-03"], tmp_path) == 2
    assert "exclude-newer" in capsys.readouterr().err
