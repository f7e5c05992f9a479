"""A module of the user's that has the name of a library which `upready` needs does not replace it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from upready.support import libraries

pytestmark = pytest.mark.costly

SOURCES = ROOT / "upready" / "src"


def run(folder: Path, code: str) -> str:
    """What some code prints where a folder comes first on Python's path, as invoke has that of a `tasks/` package."""
    head = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom upready.support import libraries\n"
    line = [sys.executable, "-c", head + code]
    done = subprocess.run(line, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["docker", "yaml", "rich"])
def test_the_installed_one_is_imported(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("own = True\n", encoding="utf-8")
    shown = f"import {name}; print(hasattr({name}, 'own'))"
    assert run(tmp_path, shown) == "True"
    assert run(tmp_path, f"libraries.prefer_installed()\n{shown}") == "False"


def test_the_modules_within_a_library_are_found_in_it(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "errors.py").write_text("", encoding="utf-8")
    assert run(tmp_path, "libraries.prefer_installed()\nfrom docker.errors import NotFound; print(1)") == "1"


def test_what_is_not_installed_or_no_library_is_the_users(tmp_path: Path) -> None:
    for name in ("paramiko", "shop"):
        (tmp_path / f"{name}.py").write_text("own = True\n", encoding="utf-8")
    hidden = "sys.path = [each for each in sys.path if not each.endswith('-packages')]\n"
    code = "libraries.prefer_installed()\nimport paramiko, shop; print(paramiko.own, shop.own)"
    assert run(tmp_path, hidden + code) == "True True"


def test_it_is_asked_once_however_often_it_is_told(tmp_path: Path) -> None:
    told = "libraries.prefer_installed(); libraries.prefer_installed()\n"
    assert run(tmp_path, f"{told}print(sys.meta_path.count(libraries._Installed))") == "1"


def test_every_library_that_is_imported_is_among_them() -> None:
    found = set()
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    # invoke itself is loaded already.
    assert found - sys.stdlib_module_names - {"upready", "invoke"} <= libraries._NAMES
