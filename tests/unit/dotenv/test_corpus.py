"""Small projects, each modelled on a kind met in the wild: every finding that is right, and none besides.

A file is a project: what it is about, its files, what the shell has, and what is to be found, a line each: severity,
check, variable. All but `.env` is tracked by git; with `tracked: true` that is, too.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from upready.dotenv import check
from upready.stack import selection as stacks
from upready.stack import settings

pytestmark = pytest.mark.costly

FOLDER = Path(__file__).parent / "corpus"
PROJECTS = sorted(FOLDER.glob("*.yaml"))
CONFIG = {
    "ops": {
        "environments": {
            "dev": {"files": ["compose.yaml"]},
            "prod": {"files": ["compose.yaml"], "strict": True},
        }
    }
}


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Write the project; gives what its file says."""
    told: dict[str, Any] = yaml.safe_load(request.param.read_text("utf-8"))
    for name, text in told["files"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600 if name == ".env" else 0o644)
    if not told.get("tracked"):
        (tmp_path / ".gitignore").write_text(".env\n", encoding="utf-8")
    for line in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *line], cwd=tmp_path, check=True, capture_output=True)
    # Whatever this shell has that a project names is not part of the project.
    names = {line.partition("=")[0] for text in told["files"].values() for line in text.splitlines()}
    for name in names & os.environ.keys():
        monkeypatch.delenv(name)
    for name, value in {**told.get("shell", {}), "PWD": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return told


def test_there_are_enough_of_them() -> None:
    assert len(PROJECTS) >= 25


@pytest.mark.parametrize("project", PROJECTS, indirect=True, ids=lambda path: path.stem)
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_finding_that_is_right_and_none_besides(
    project: dict[str, Any], tmp_path: Path, environment: str
) -> None:
    stack = stacks.select(settings.load(CONFIG, tmp_path), environment)
    found = check(stack)
    lines = [f"{each.severity} {each.check} {each.variable}".rstrip() for each in found]
    assert sorted(lines) == sorted(project["finds"][environment]), "\n".join(map(str, found))
    for each in found:
        # Sentences, and no place-holder of a programmer: `None` is what is left where one was forgotten.
        for told in (each.message, each.why, each.fix):
            assert told, each
            assert "None" not in told, each
