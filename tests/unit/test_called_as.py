"""`next:` as it can be pasted: by the way in which the process was called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from upready.report import called_as
from upready.support import next_step, shell_words

BIN = Path(sys.executable).parent
PYTHON = Path(sys.executable)
UV = shutil.which("uv")


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    called_as.prefix.cache_clear()
    monkeypatch.setenv(called_as.VARIABLE, "./invoke")
    yield
    called_as.prefix.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
    return tmp_path


def run(folder: Path, line: Sequence[str | Path], **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would, whose PATH has the programs of this environment."""
    inherited = {name: value for name, value in os.environ.items() if name not in (called_as.VARIABLE, "UV")}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    env = {**inherited, "PATH": path, "VIRTUAL_ENV": sys.prefix, **env}
    return subprocess.run(list(map(str, line)), cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.costly
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["invoke"], "invoke"),
        (["upready"], "upready"),
        (["python", "-m", "upready"], "python -m upready"),
        ([PYTHON, "-m", "invoke"], f"{PYTHON.name} -m invoke"),
        (["uv", "run", "--no-project", "invoke"], "uv run --no-project invoke"),
        (["uv", "run", "--no-project", "python", "-m", "upready"], "uv run --no-project python -m upready"),
    ],
    ids=str,
)
def test_a_hint_names_the_way_of_the_call_and_can_be_pasted(folder: Path, line: list[str], words: str) -> None:
    if line[0] == "uv" and UV is None:
        pytest.skip("there is no uv")
    step = run(folder, [*line, "stpo"]).stderr.splitlines()[-1].removeprefix("next: ")
    assert step == f"{words} --list"
    pasted = run(folder, step.split())
    assert (pasted.returncode, "env.check" in pasted.stdout) == (0, True), pasted.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a link to a program")
def test_a_program_that_is_not_on_the_path_is_named_by_its_path(folder: Path) -> None:
    (folder / "tools").mkdir()
    (folder / "tools" / "invoke").symlink_to(BIN / "invoke")
    done = run(folder, ["tools/invoke", "stpo"])
    assert done.stderr.splitlines()[-1] == "next: tools/invoke --list"


@pytest.mark.costly
def test_a_script_says_how_it_is_called_in_text_and_json(folder: Path) -> None:
    line = ["invoke", "stop", "--yess"]
    assert run(folder, line, OPS_CALLED_AS="./invoke").stderr.splitlines()[-1] == "next: ./invoke --help stop"
    said = run(folder, [*line, "--json"], OPS_CALLED_AS="./invoke").stdout
    assert json.loads(said)["error"]["next"] == "./invoke --help stop"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("invoke dev", "./invoke dev"),
        ("correct that, then: invoke build --service x", "correct that, then: ./invoke build --service x"),
        ("invoke.yaml: unknown", "invoke.yaml: unknown"),
        ("invoke --help", "./invoke --help"),
        ("pip install invoke", "pip install invoke"),
        ("uv run ./invoke dev", "uv run ./invoke dev"),
    ],
)
def test_only_commands_are_put_right(text: str, said: str) -> None:
    assert called_as.spoken(text) == said


def test_a_document_has_them_in_its_next_steps_alone() -> None:
    document = {"error": {"next": "invoke dev", "message": "invoke dev"}, "findings": [{"fix": "invoke env.init"}]}
    assert called_as.spoken_in(document) == {
        "error": {"next": "./invoke dev", "message": "invoke dev"},
        "findings": [{"fix": "./invoke env.init"}],
    }


@pytest.mark.parametrize(
    ("words", "step", "said"),
    [
        (["dev"], next_step.AGAIN, "./invoke dev"),
        (["dev", "--profile", "a b"], f"wait, then: {next_step.AGAIN}", "wait, then: ./invoke dev --profile 'a b'"),
        (["stop"], shell_words.in_turn("invoke stop", next_step.AGAIN), "./invoke stop && ./invoke stop"),
        (["dev"], next_step.again("--adopt"), "./invoke dev --adopt"),
        (["dev", "--timeout", "1", "--json"], next_step.again("--timeout", "5m"), "./invoke dev --timeout 5m --json"),
        (["dev", "--timeout=1"], next_step.again("--timeout", "5m"), "./invoke dev --timeout 5m"),
        (["logs", "--grep", "(a"], next_step.again("--grep", "\\(a"), "./invoke logs --grep '\\(a'"),
        (["dev", "--profile", "dve"], next_step.instead("dve", "dev"), "./invoke dev --profile dev"),
        (["config", "--env=dve"], next_step.instead("dve", "dev"), "./invoke config --env=dev"),
        # A value may be a secret, and is asked for.
        (
            ["prod", "--accept-loss", "a"],
            next_step.again("--accept-loss", "b --accept-loss c"),
            "./invoke prod --accept-loss a --accept-loss b --accept-loss c",
        ),
        (["env.set", "TOKEN=hunter2"], next_step.AGAIN, "./invoke env.set TOKEN"),
    ],
)
def test_the_command_that_was_given_is_put_in(
    words: list[str], step: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["invoke", *words])
    assert called_as.spoken(step) == said
