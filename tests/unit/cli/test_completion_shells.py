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
PLAIN = "from invoke import task\n\n@task\ndef say(c): ...\n\n@task\ndef hear(c, where): ...\n"
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
    (folder.parent / "plain").mkdir()
    (folder.parent / "plain" / "tasks.py").write_text(PLAIN, encoding="utf-8")
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
    (folder.parent / "home").mkdir()
    (folder.parent / "home" / "my shop").symlink_to(folder)
    return folder


@pytest.fixture(scope="module", params=SHELLS)
def terminal(request: pytest.FixtureRequest, shop: Path) -> Iterator[Terminal]:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    script = Path(completion.__file__).with_name("completion_scripts") / completion.SHELLS[name]
    home = shop.parent / "home"
    with interactive.shell(name, script, shop, home, before=EARLIER[name], path=shop / ".venv" / "bin") as running:
        yield running


@pytest.mark.nightly(day=12)
@pytest.mark.costly
@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("FOO=1 invoke logs --service=d", "FOO=1 invoke logs --service=db "),
        ("true; invoke exec d", "true; invoke exec db "),
        ("invoke env.set API_", "invoke env.set API_PORT="),
        ("invoke open AP", "invoke open API\\ docs "),
        ('invoke open "AP', 'invoke open "API docs" '),
        ("invoke env.check --env on:s", "invoke env.check --env on:site "),
        ("invoke logs --output res", "invoke logs --output results.txt "),
        ("./invoke lo", "./invoke logs "),
        ("~/my\\ shop/invoke exec d", "~/my\\ shop/invoke exec db "),
        ("uv run --frozen invoke exec d", "uv run --frozen invoke exec db "),
        ("uv ru", "uv runner "),
        ('invoke logs --grep "$(touch ran)" --le', 'invoke logs --grep "$(touch ran)" --level '),
        ("$(touch ran)/invoke lo", "$(touch ran)/invoke lo"),
    ],
)
def test_tab(terminal: Terminal, shop: Path, typed: str, line: str) -> None:
    assert terminal.line(typed) == line
    assert not (shop / "ran").exists(), "what was typed is not run before Enter"


@pytest.mark.costly
def test_nothing_of_a_broken_project_stands_in_the_prompt(terminal: Terminal, shop: Path) -> None:
    (shop / "compose.yaml").write_text("services: [\n", encoding="utf-8")
    try:
        assert terminal.line("invoke logs --service d") == "invoke logs --service d"
        assert "error" not in terminal.said
        assert "Traceback" not in terminal.said
    finally:
        (shop / "compose.yaml").write_text(COMPOSE, encoding="utf-8")


@pytest.mark.costly
def test_a_project_with_nothing_but_invokes_own_tasks_is_completed(terminal: Terminal) -> None:
    terminal.type("cd ../plain\r")
    assert terminal.line("invoke sa") == "invoke say "
    assert terminal.line("invoke hear --wh") == "invoke hear --where "
    terminal.type('cd "../my shop"\r')
