"""Completion as a user has it: a real shell at a terminal, and TAB."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("these shells are not Windows'", allow_module_level=True)

from tests.unit.cli import interactive
from tests.unit.cli.interactive import Terminal
from upready.report import completion

COMPOSE = "services: {web: {image: x, x-ops: {open: {API docs: 'http://localhost'}}}, db: {image: y}}\n"
INVOKE = "ops: {environments: {dev: {files: [compose.yaml]}, 'on:site': {files: [compose.yaml]}}}\n"
SHELLS = ("bash", "zsh", "fish")
EARLIER = {
    "bash": "_earlier() { COMPREPLY=(runner); }; complete -F _earlier uv",
    "zsh": "_earlier() { compadd runner }; compdef _earlier uv",
    "fish": "complete --command uv --no-files --arguments runner",
}
"""A completion of uv that is there already, as uv's own is for many."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, in a folder with a space in its name, with a wrapper and an environment."""
    folder = tmp_path_factory.mktemp("projects") / "my shop"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / "below").mkdir()
    for name, text in (
        ("tasks.py", "from upready.tasks import ns\n"),
        ("compose.yaml", COMPOSE),
        ("invoke.yaml", INVOKE),
        (".env.example", "API_PORT=80\n"),
        ("results.txt", ""),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    for place, text in (
        (folder / ".venv" / "bin" / "invoke", f'exec "{sys.executable}" -m invoke "$@"'),
        (folder / "invoke", "echo the wrapper was run, and might install >&2; exit 1"),
    ):
        place.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        place.chmod(0o755)
    return folder


@pytest.fixture(scope="module", params=SHELLS)
def terminal(request: pytest.FixtureRequest, shop: Path) -> Iterator[Terminal]:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    script = Path(completion.__file__).with_name("completion_scripts") / completion.SHELLS[name]
    with interactive.shell(name, script, shop, before=EARLIER[name], path=shop / ".venv" / "bin") as running:
        yield running


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("invoke lo", "invoke logs "),
        ("FOO=1 invoke logs --le", "FOO=1 invoke logs --level "),
        ("true; invoke logs --service d", "true; invoke logs --service db "),
        ("invoke logs --service=d", "invoke logs --service=db "),
        ("invoke exec d", "invoke exec db "),
        ("invoke env.set API_", "invoke env.set API_PORT="),
        ("invoke open AP", "invoke open API\\ docs "),
        ('invoke open "AP', 'invoke open "API docs" '),
        ("invoke env.check --env on:s", "invoke env.check --env on:site "),
        ("invoke logs --output res", "invoke logs --output results.txt "),
        ("./invoke lo", "./invoke logs "),
        ("../my\\ shop/invoke exec d", "../my\\ shop/invoke exec db "),
        ("uv run invoke exec d", "uv run invoke exec db "),
        ("uv run --frozen invoke exec d", "uv run --frozen invoke exec db "),
        ("uv ru", "uv runner "),
    ],
)
def test_tab(terminal: Terminal, typed: str, line: str) -> None:
    assert terminal.line(typed) == line


def test_nothing_of_a_broken_project_stands_in_the_prompt(terminal: Terminal, shop: Path) -> None:
    (shop / "compose.yaml").write_text("services: [\n", encoding="utf-8")
    try:
        assert terminal.line("invoke logs --service d") == "invoke logs --service d"
        assert "error" not in terminal.said
        assert "Traceback" not in terminal.said
    finally:
        (shop / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
