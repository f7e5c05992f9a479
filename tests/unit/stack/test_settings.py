"""The `ops:` section of invoke.yaml: what it gives, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from invoke.config import Config

from upready.stack import compose_variables, settings
from upready.stack.settings import Environment
from upready.support.errors import UsageError

ENVIRONMENTS = "ops: {environments: {dev: {files: [a.yaml]}}}"


def load(text: str, root: Path = Path("nowhere")) -> settings.Settings:
    return settings.load(yaml.safe_load(text) or {}, root)


def test_everything_that_can_be_set() -> None:
    found = load("""
ops:
  environments:
    dev: {files: [a.yaml, b/c.yaml], profiles: [p], timeout: 1.5, strict: true, project_directory: b}
    prod: {files: [a.yaml]}
  profiles:
    p: {environment: {A: x, B: 1, C: true, D: , E: ""}}
""")
    assert found.environment("dev") == Environment("dev", ("a.yaml", "b/c.yaml"), ("p",), 1.5, True, "b")
    assert found.environment("prod") == Environment("prod", ("a.yaml",), (), settings.DEFAULT_TIMEOUT, strict=False)
    # As compose itself would read these values in a file.
    assert found.profiles == {"p": {"A": "x", "B": "1", "C": "true", "D": "", "E": ""}}


def test_invokes_own_configuration_is_understood(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text(ENVIRONMENTS, encoding="utf-8")
    config = Config(project_location=str(tmp_path))
    config.load_project()
    assert settings.load(dict(config), tmp_path).environment("dev").files == ("a.yaml",)


@pytest.mark.parametrize("name", compose_variables.DEFAULT_FILES)
def test_without_environments_compose_s_own_file_is_dev(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    for text in ("", "ops:", "ops: {}", "ops: {environments: }"):
        assert load(text, tmp_path).environments == {"dev": Environment("dev", (name,))}


def test_compose_yaml_comes_first(tmp_path: Path) -> None:
    for name in compose_variables.DEFAULT_FILES:
        (tmp_path / name).touch()
    assert load("", tmp_path).environment("dev").files == ("compose.yaml",)


def test_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no compose file in") as caught:
        load("", tmp_path)
    assert "compose.yaml" in caught.value.details[0]


def test_an_unknown_environment_names_the_others(tmp_path: Path) -> None:
    (tmp_path / "invoke.yaml").write_text(ENVIRONMENTS, encoding="utf-8")
    with pytest.raises(UsageError, match="there is no environment 'prod'") as caught:
        load(ENVIRONMENTS, tmp_path).environment("prod")
    assert caught.value.details == ["invoke.yaml defines: dev"]
    assert "add `prod: {files: [" in caught.value.next
    assert "]}` to ops.environments in invoke.yaml, then: <the same command>" in caught.value.next


def test_an_unknown_environment_without_an_invoke_yaml_begins_with_one(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").touch()
    with pytest.raises(UsageError, match=r"without an invoke\.yaml there is only dev") as caught:
        load("", tmp_path).environment("prod")
    assert caught.value.next == "invoke init"
    assert caught.value.details == [
        "after that, add `prod: {files: [compose.yaml]}` to ops.environments in invoke.yaml"
    ]


def test_an_environment_that_is_mistyped() -> None:
    with pytest.raises(UsageError, match=r"there is no environment 'dve'; did you mean dev\?") as caught:
        load(ENVIRONMENTS).environment("dve")
    assert caught.value.next == "<the same command with dev for dve>"


def environment(**entry: Any) -> str:
    return yaml.safe_dump({"ops": {"environments": {"dev": {"files": ["a.yaml"], **entry}}}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ops: 3", "ops: should be a mapping, not 3"),
        (
            "ops: {enviroments: {}}",
            "ops.enviroments: unknown setting; did you mean environments?",
        ),
        ("ops: {environments: [dev]}", "ops.environments: should be a mapping, not ['dev']"),
        ("ops: {environments: {dev: }}", "ops.environments.dev: should be a mapping, not None"),
        ("ops: {environments: {dev: {}}}", "ops.environments.dev.files: should name at least one compose file"),
        (environment(files=[]), "ops.environments.dev.files: should name at least one compose file"),
        (environment(project_directory=1), "ops.environments.dev.project_directory: should be a folder, not 1"),
        (environment(files="a.yaml"), "ops.environments.dev.files: should be a list of strings, not 'a.yaml'"),
        (environment(files=[1]), "ops.environments.dev.files: should be a list of strings, not [1]"),
        (environment(profiles="p"), "ops.environments.dev.profiles: should be a list of strings, not 'p'"),
        (environment(timeout="90s"), "ops.environments.dev.timeout: should be a number of seconds, not '90s'"),
        (environment(timeout=0), "ops.environments.dev.timeout: should be a number of seconds, not 0"),
        (environment(timeout=True), "ops.environments.dev.timeout: should be a number of seconds, not True"),
        (environment(strict="yes"), "ops.environments.dev.strict: should be true or false, not 'yes'"),
        (
            environment(notify="https://hooks.example.com/very-secret"),
            "ops.environments.dev.notify: should be the name of a variable in .env, such as DEPLOY_WEBHOOK",
        ),
        (environment(notify=[1]), "ops.environments.dev.notify: should be the name of a variable in .env"),
        (
            environment(files=["a"], port=1),
            "ops.environments.dev.port: unknown setting",
        ),
        (f"{ENVIRONMENTS[:-1]}, profiles: [p]}}", "ops.profiles: should be a mapping, not ['p']"),
        (f"{ENVIRONMENTS[:-1]}, profiles: {{p: x}}}}", "ops.profiles.p: should be a mapping, not 'x'"),
        (f"{ENVIRONMENTS[:-1]}, profiles: {{p: {{env: {{}}}}}}}}", "ops.profiles.p.env: unknown setting"),
        (
            f"{ENVIRONMENTS[:-1]}, profiles: {{p: {{environment: {{A: [1]}}}}}}}}",
            "ops.profiles.p.environment.A: should be a text, not [1]",
        ),
    ],
)
def test_a_wrong_setting_is_named_by_its_path(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(text)
    assert caught.value.message.startswith(f"invoke.yaml: {message}")
    assert "very-secret" not in f"{caught.value} {caught.value.details}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ops:\n  environments:\n    dev: {fils: [a]}\n",
            "invoke.yaml:3:11: ops.environments.dev.fils: unknown",
        ),
        ("ops:\n  enviroments: {}\n", "invoke.yaml:2:3: ops.enviroments: unknown setting; did you mean environments?"),
        (
            "ops:\n  runtime: dokcer\n  environments: {dev: {files: [a]}}",
            "invoke.yaml:2:12: ops.runtime: should be auto, docker, native, swarm, not 'dokcer'",
        ),
        ("ops: {environments: {dev: {files: [a], timeout: .nan}}}", "invoke.yaml:1:49: ops.environments.dev.timeout: "),
        ("ops: {environments: {dev: {files: [a], timeout: .inf}}}", "invoke.yaml:1:49: ops.environments.dev.timeout: "),
        ("opps:\n  environments: {}\n", "invoke.yaml:1:1: opps: unknown setting; did you mean ops?"),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "invoke.yaml").write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        load(text, tmp_path)
    assert caught.value.message.startswith(message)
    line = message.split(":")[1]
    assert caught.value.next == f"correct invoke.yaml:{line}, then: invoke config"


def test_a_wrong_setting_of_the_shell_is_told_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "invoke.yaml").write_text("ops: {runtime: auto}\n", "utf-8")
    monkeypatch.setenv("INVOKE_OPS_RUNTIME", "podman")
    with pytest.raises(UsageError) as caught:
        load("ops: {runtime: podman, environments: {dev: {files: [a]}}}", tmp_path)
    assert (
        caught.value.message == "INVOKE_OPS_RUNTIME: ops.runtime: should be auto, docker, native, swarm, not 'podman'"
    )
    assert caught.value.next == "unset INVOKE_OPS_RUNTIME"


def test_a_section_of_ones_own_is_nobodys_business(tmp_path: Path) -> None:
    assert load("ops: {environments: {dev: {files: [a]}}}\nmine: {runtime: x}\noptions: {a: 1}\n", tmp_path)
