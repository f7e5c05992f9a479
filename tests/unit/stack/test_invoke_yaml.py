"""`invoke.yaml` as a file: whatever invoke itself would meet with a traceback is an error before."""

from __future__ import annotations

from pathlib import Path

import pytest
from invoke.config import Config

from upready.stack import invoke_yaml
from upready.support.errors import UsageError


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tasks: 7\n", "invoke.yaml:1:8: tasks: should be a mapping, not 7"),
        ("run:\n", "run: should be a mapping, not None"),
        ("ops: {runtime: {a: 1}}\n", "ops.runtime: should not be a mapping"),
        ("run: {echo: {a: 1}}\n", "run.echo: should not be a mapping"),
        ("~: 1\n", "None: should be a name"),
        ("ops:\n  environments: {dev: {}, 5: {}}\n", "ops.environments.5: should be a name"),
        ("ops: {profiles: {on: {}}}\n", "ops.profiles.True: should be a name: write it between quotes"),
        ("mine: {8000: x}\n", "mine.8000: should be a name"),
        ("a: 2001-99-99\n", "month must be in 1..12"),
        ("a: &a {b: *a}\n", "stand for too many values"),
        ("a: " + "[" * 5000 + "]" * 5000, "invoke.yaml:1:203: more than 200"),
        ("- 1\n", "should be a mapping"),
        ("a: [\n", "invoke.yaml:2:1: "),
    ],
)
def test_what_invoke_could_not_take(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        invoke_yaml.check(tmp_path)
    assert caught.value.message.startswith("invoke.yaml:")
    assert why in caught.value.message
    assert caught.value.next.startswith("correct invoke.yaml")
    assert caught.value.next.endswith(", then: <the same command>")


@pytest.mark.parametrize("name", invoke_yaml.NAMES)
def test_each_name_that_invoke_reads(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match=f"{name} cannot be read: it is a folder"):
        invoke_yaml.check(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "mine: {b: [1]}\nrun: {echo: true, env: {A: b}}\nops: {}\n"])
def test_what_invoke_takes(tmp_path: Path, text: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")
    invoke_yaml.check(tmp_path)
    config = Config()
    config.set_project_location(tmp_path)
    config.load_project()
    config.merge()
    config.load_shell_env()


def test_only_the_first_is_read(tmp_path: Path) -> None:
    invoke_yaml.check(tmp_path)
    (tmp_path / "invoke.yaml").write_text("ops: {}\n", encoding="utf-8")
    (tmp_path / "invoke.json").write_text("broken", encoding="utf-8")
    invoke_yaml.check(tmp_path)


@pytest.mark.parametrize(
    ("text", "variable", "value"),
    [
        ("ops: {environments: {dev: {files: [a.yaml]}}}\n", "INVOKE_OPS_ENVIRONMENTS_DEV_FILES", "b.yaml"),
        ("ops: {environments: {dev: {timeout: 5}}}\n", "INVOKE_OPS_ENVIRONMENTS_DEV_TIMEOUT", "soon"),
        (None, "INVOKE_RUN_WATCHERS", "x"),
    ],
)
def test_a_variable_that_invoke_could_not_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, variable: str, value: str
) -> None:
    if text is not None:
        (tmp_path / "invoke.yaml").write_text(text, encoding="utf-8")
    invoke_yaml.check(tmp_path)
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=f"{variable} is set in the shell") as caught:
        invoke_yaml.check(tmp_path)
    assert caught.value.next == f"unset {variable}"


def test_two_settings_of_one_variable(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text("mine: {a_b: 1, a: {b: 2}}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="same variable, INVOKE_MINE_A_B"):
        invoke_yaml.check(tmp_path)
