"""How an extra of the package is installed, in each of the ways by which the package itself is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from upready.support import extras, next_step


@pytest.mark.parametrize(
    ("project", "lock", "uv", "said"),
    [
        ('[dependency-groups]\nnative = ["upready[native]"]', True, "/bin/uv", "uv sync --group native"),
        ('[dependency-groups]\ndev = ["upready"]', True, "/bin/uv", 'uv add --dev "upready[native]"'),
        ("[project", True, "", 'uv add --dev "upready[native]"'),
        (None, True, "", 'uv add --dev "upready[native]"'),
        (None, False, "/bin/uv", 'uvx --from "upready[native]" upready dev'),
        (None, False, "", 'pip install "upready[native]"'),
    ],
)
def test_it_is_installed_as_the_package_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: str | None, lock: bool, uv: str, said: str
) -> None:
    if project:
        (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    if lock:
        (tmp_path / "uv.lock").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr(sys, "argv", ["upready", "dev", "--json"])
    monkeypatch.setenv("UV", uv)
    assert extras.command("native") == said
    assert next_step.is_command(said)
