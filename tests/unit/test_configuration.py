"""`invoke.yaml` as a file: whatever invoke itself would meet with a traceback is an error before."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.config import Config

from ops import configuration
from ops.errors import UsageError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tasks: 7\n", "tasks: should be a mapping, not 7"),
        ("run:\n", "run: should be a mapping, not None"),
        ("ops: {runtime: {a: 1}}\n", "ops.runtime: should be no mapping"),
        ("run: {echo: {a: 1}}\n", "run.echo: should be no mapping"),
        ("~: 1\n", "None: should be a name"),
        ("a: 2001-99-99\n", "month must be in 1..12"),
        ("a: &a {b: *a}\n", "stand for more than can be held"),
        ("a: " + "[" * 5000 + "]" * 5000, "line 1, column 203: more than 200"),
        ("- 1\n", "should be a mapping"),
        ("a: [\n", "line 2, column 1"),
    ],
)
def test_what_invoke_could_not_take(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        configuration.check(tmp_path)
    assert caught.value.message.startswith("invoke.yaml: ")
    assert why in caught.value.message
    assert caught.value.next == "correct invoke.yaml"


@pytest.mark.parametrize("name", configuration.NAMES)
def test_each_name_that_invoke_reads(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match=f"{name} cannot be read: it is a folder"):
        configuration.check(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "mine: {8000: x, b: [1]}\nrun: {echo: true, env: {A: b}}\nops: {}\n"]
)
def test_what_invoke_takes(tmp_path: Path, text: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")
    configuration.check(tmp_path)
    config = Config()
    config.set_project_location(tmp_path)
    config.load_project()


def test_only_the_first_is_read(tmp_path: Path) -> None:
    configuration.check(tmp_path)
    (tmp_path / "invoke.yaml").write_text("ops: {}\n", encoding="utf-8")
    (tmp_path / "invoke.json").write_text("broken", encoding="utf-8")
    configuration.check(tmp_path)
