"""What is looked at before a launch, beside what compose itself refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import MakeStack
from upready.operations import preflight
from upready.stack import model, settings
from upready.stack import selection as stacks
from upready.stack.selection import Stack
from upready.support.errors import UsageError


def told(stack: Stack) -> list[str]:
    lines: list[str] = []
    preflight.check(model.load(stack), lines.append)
    return lines


def test_a_stack_that_is_right_needs_no_word(make_stack: MakeStack) -> None:
    assert told(make_stack("services: {a: {image: x, build: ., volumes: ['./new:/x']}}\n")) == []


def test_nothing_to_start_names_the_profiles(make_stack: MakeStack) -> None:
    text = "services: {a: {image: x, profiles: [p]}, b: {image: x, profiles: [o]}}\n"
    with pytest.raises(UsageError, match="each runs only with a profile") as caught:
        told(make_stack(text))
    assert caught.value.details == ["profiles: o, p"]
    assert caught.value.next == "invoke dev --profile o"
    assert told(make_stack(text, profiles=["p"])) == []


def test_a_profile_of_compose_profiles_may_be_another_projects(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROFILES", "p,debug")
    stack = make_stack("services: {a: {image: x}, b: {image: x, profiles: [p]}}\n")
    assert told(stack) == ["no service has the profile 'debug', which COMPOSE_PROFILES names"]
    monkeypatch.setenv("COMPOSE_PROFILES", "datta")
    near = make_stack("services: {a: {image: x}, b: {image: x, profiles: [data]}}\n")
    assert told(near) == ["no service has the profile 'datta', which COMPOSE_PROFILES names; did you mean data?"]
    # What the task itself is told is meant.
    with pytest.raises(UsageError, match="there is no profile 'debug'"):
        model.load(make_stack("services: {a: {image: x}}\n", profiles=["debug"]))


@pytest.mark.parametrize(
    ("entry", "missing"),
    [
        ("{build: ../app}", "web: ../app is not there"),
        ("{build: {context: ./site}}", "web: site is not there"),
        ("{image: x, volumes: ['./site:/x']}", "web: site is not there"),
        ("{image: x, env_file: v.env}", "v.env is not there"),
        ("{image: x, extends: {file: site/more.yml, service: a}}", "site/more.yml is not there"),
    ],
)
def test_a_path_that_is_meant_from_the_compose_files_folder(tmp_path: Path, entry: str, missing: str) -> None:
    root = tmp_path / "proj"
    for folder in ("app", "deploy/site"):
        (root / folder).mkdir(parents=True)
    (root / "deploy" / "v.env").touch()
    (root / "deploy" / "site" / "more.yml").write_text("services: {a: {image: x}}\n", encoding="utf-8")
    (root / "deploy" / "dc.yml").write_text(f"services: {{web: {entry}}}\n", encoding="utf-8")
    environment: dict[str, object] = {"files": ["deploy/dc.yml"]}

    def stack() -> Stack:
        return stacks.select(settings.load({"ops": {"environments": {"dev": environment}}}, root), "dev")

    with pytest.raises(UsageError) as caught:
        told(stack())
    # `../app` is beside the folder of the files, not beside the project.
    assert caught.value.message.replace("\\", "/") == missing
    assert "ops.environments.dev.project_directory: deploy" in caught.value.next
    environment["project_directory"] = "deploy"
    assert told(stack()) == []


def test_a_path_that_is_nowhere_is_the_engines_to_make(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "dc.yml").write_text(
        "services: {web: {image: x, volumes: ['./new:/x']}}\n", encoding="utf-8"
    )
    found = settings.load({"ops": {"environments": {"dev": {"files": ["deploy/dc.yml"]}}}}, tmp_path)
    assert told(stacks.select(found, "dev")) == []


def test_compose_is_asked_early_unless_a_env_file_is_written_before(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'x:${TAG}'}}\n", encoding="utf-8")
    (tmp_path / ".env.example").write_text("TAG=1\n", encoding="utf-8")
    found = settings.load({"ops": {"environments": {"dev": {"files": ["compose.yaml"]}}}}, tmp_path)
    assert preflight.ask(found, "dev", (), None).merge is None
    (tmp_path / ".env").write_text("TAG=2\n", encoding="utf-8")
    asked = preflight.ask(found, "dev", (), None)
    assert asked.stack().files == (tmp_path / "compose.yaml",)
    assert asked.merge is not None
    assert model.load(asked.stack(), asked.merge).service("web").image == "x:2"
