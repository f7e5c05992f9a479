"""Which files, profiles and values a project has that names none in `invoke.yaml`: held against plain compose."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from upready.runtime import current
from upready.stack import compose, compose_variables, location, model
from upready.stack import selection as stacks
from upready.stack import settings as configuration
from upready.stack.selection import Stack
from upready.support import process, shell_words
from upready.support.errors import EnvFileError, UsageError

VALUES = "${A:-none}.${B:-none}.${C:-none}"
BASE = f"services: {{a: {{image: 'x:{VALUES}'}}}}\n"


def service(name: str, **entry: object) -> str:
    return yaml.safe_dump({"services": {name: {"image": f"x:{VALUES}", **entry}}})


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def ours(root: Path, config: Mapping[str, Any] | None = None) -> Stack:
    found = configuration.load(config or {}, root)
    return stacks.select(found, next(iter(found.environments)))


def plain(root: Path, *options: str) -> Any:
    """What compose makes of the folder by itself."""
    result = process.run([*compose.program().command, *options, "config"], cwd=root)
    assert result.code == 0, result.stderr
    return yaml.safe_load(result.stdout)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [each for each in os.environ if each.startswith("COMPOSE_")]:
        monkeypatch.delenv(name)
    (tmp_path / "proj").mkdir()
    return tmp_path / "proj"


OVER = service("b")
DEEP = service("a", volumes=["./conf:/c"], build="../app")


@pytest.mark.parametrize(
    ("files", "shell"),
    [
        ({"compose.yaml": BASE}, {}),
        *[
            ({name: BASE, override: OVER}, {})
            for name in compose_variables.DEFAULT_FILES
            for override in compose_variables.OVERRIDES
        ],
        ({name: service(name[:3], environment={"FILE": name}) for name in compose_variables.DEFAULT_FILES}, {}),
        ({"compose.yml": BASE, **{name: service("b", labels={"f": name}) for name in compose_variables.OVERRIDES}}, {}),
        ({"compose.yaml": BASE, "one.yml": OVER, "compose.override.yaml": service("no")}, {"COMPOSE_FILE": "one.yml"}),
        ({"a.yml": BASE, "b.yml": OVER}, {"COMPOSE_FILE": os.pathsep.join(["a.yml", "b.yml"])}),
        ({"a.yml": BASE, "b.yml": OVER}, {"COMPOSE_FILE": "a.yml,b.yml", "COMPOSE_PATH_SEPARATOR": ","}),
        ({"a.yml": BASE, "b.yml": OVER, ".env": "COMPOSE_FILE=a.yml,b.yml\nCOMPOSE_PATH_SEPARATOR=,\n"}, {}),
        ({"a.yml": BASE, "b.yml": OVER, ".env": "COMPOSE_FILE=a.yml\n"}, {"COMPOSE_FILE": "b.yml"}),
        ({"a.yml": BASE, ".env": "N=a\nCOMPOSE_FILE=${N}.yml\n"}, {}),
        ({"compose.yaml": BASE, "compose.override.yml": OVER, ".env": "COMPOSE_FILE\n"}, {}),
        # A file in another folder brings its folder along, for paths, the name and the values.
        ({"deploy/dc.yml": DEEP, ".env": "COMPOSE_FILE=deploy/dc.yml\nA=here\nB=here\n"}, {}),
        (
            {"deploy/dc.yml": DEEP, "deploy/.env": "A=there\nC=there\n", ".env": "A=here\nB=here\n"},
            {"COMPOSE_FILE": "deploy/dc.yml"},
        ),
        (
            {"deploy/dc.yml": DEEP, "deploy/.env": "A=there\nCOMPOSE_PROJECT_NAME=named\n"},
            {"COMPOSE_FILE": "deploy/dc.yml"},
        ),
        ({"deploy/dc.yml": f"name: told\n{DEEP}"}, {"COMPOSE_FILE": "./deploy/dc.yml"}),
        ({"compose.yaml": BASE, ".env": "A=1\n", "x.env": "A=2\nB=2\n"}, {"COMPOSE_ENV_FILES": "x.env"}),
        ({"compose.yaml": BASE, ".env": "A=1\n", "x.env": "A=2\nC=$A\n"}, {"COMPOSE_ENV_FILES": ".env,x.env"}),
        (
            {"compose.yaml": BASE, "x.env": "COMPOSE_PROJECT_NAME=x\nCOMPOSE_PROFILES=p\n"},
            {"COMPOSE_ENV_FILES": "x.env"},
        ),
        (
            {"a.yml": BASE, "b.yml": OVER, ".env": "COMPOSE_FILE=b.yml\n", "x.env": "COMPOSE_FILE=a.yml\n"},
            {"COMPOSE_ENV_FILES": "x.env"},
        ),
        ({"compose.yaml": BASE, ".env": "A=1\nCOMPOSE_PROJECT_NAME=no\n"}, {"COMPOSE_DISABLE_ENV_FILE": "1"}),
        ({"compose.yaml": BASE, ".env": "A=1\nCOMPOSE_PROJECT_NAME=yes\n"}, {"COMPOSE_DISABLE_ENV_FILE": "false"}),
        ({"compose.yaml": service("a", profiles=["p"]), "compose.override.yml": OVER}, {"COMPOSE_PROFILES": "p"}),
        ({"compose.yaml": service("a", profiles=["p"]), "compose.override.yml": OVER}, {"COMPOSE_PROFILES": " q, p,"}),
        ({"compose.yaml": service("a", profiles=["p"]), "compose.override.yml": OVER}, {"COMPOSE_PROFILES": "q p"}),
        ({"compose.yaml": service("a", profiles=["p"]), ".env": "COMPOSE_PROFILES=p\n"}, {}),
        ({"compose.yaml": service("a", profiles=["p"]), ".env": "COMPOSE_PROFILES=*\n"}, {}),
        ({"compose.yaml": BASE}, {"COMPOSE_PROJECT_NAME": "shell"}),
    ],
)
def test_everything_is_as_plain_compose_has_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str], shell: Mapping[str, str]
) -> None:
    write(root, files)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    expected = plain(root)
    stack = ours(root)
    assert model.load(stack).raw == expected
    assert current.name(configuration.load({}, root)) == expected["name"]


def test_named_files_win_and_what_is_not_used_is_told_once_each(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"compose.yaml": BASE, "compose.override.yaml": OVER, "prod.yaml": OVER, "a.yml": OVER})
    config = {
        "ops": {"environments": {"dev": {"files": ["compose.yaml"]}, "prod": {"files": ["compose.yaml", "prod.yaml"]}}}
    }
    monkeypatch.setenv("COMPOSE_FILE", "a.yml")
    stack = ours(root, config)
    assert [file.name for file in stack.files] == ["compose.yaml"]
    assert stack.notes == (
        "COMPOSE_FILE is not used: invoke.yaml names the files of dev",
        "compose.override.yaml is not used: invoke.yaml names the files of dev",
    )
    # Left out of one environment on purpose, where another one has it.
    config["ops"]["environments"]["prod"] = {"files": ["compose.yaml", "compose.override.yaml"]}
    monkeypatch.delenv("COMPOSE_FILE")
    assert ours(root, config).notes == ()


def test_of_several_default_files_the_one_that_is_used_is_told(root: Path) -> None:
    write(root, {"docker-compose.yml": BASE, "compose.yml": BASE})
    assert ours(root).notes == ("several compose files are here: compose.yml is used, not docker-compose.yml",)


@pytest.mark.parametrize("folder", ["", "deploy/"])
def test_the_first_start_has_the_files_that_the_example_names(root: Path, folder: str) -> None:
    named = f"COMPOSE_FILE={folder}a.yml,{folder}b.yml\nCOMPOSE_PATH_SEPARATOR=,\n"
    write(root, {f"{folder}a.yml": BASE, f"{folder}b.yml": OVER, "compose.yaml": service("no"), ".env.example": named})
    first = ours(root)
    assert [each.name for each in first.files] == ["a.yml", "b.yml"]
    write(root, {".env": named})
    assert ours(root).files == first.files
    # Without a file of compose's own names, it is the example that makes a folder a project.
    (root / "compose.yaml").unlink()
    (root / ".env").unlink()
    (root / "below").mkdir()
    assert location.find(root / "below") == root


@pytest.mark.parametrize(
    ("where", "told"), [("shell", "the shell"), (".env", ".env"), (".env.example", ".env.example")]
)
def test_a_file_that_compose_file_names_and_is_not_there(
    root: Path, monkeypatch: pytest.MonkeyPatch, where: str, told: str
) -> None:
    write(root, {"compose.yaml": BASE})
    if where == "shell":
        monkeypatch.setenv("COMPOSE_FILE", "gone.yml")
    else:
        write(root, {where: "COMPOSE_FILE=gone.yml\n"})
    with pytest.raises(UsageError, match=r"COMPOSE_FILE names 'gone\.yml'") as caught:
        ours(root)
    assert caught.value.next == f"correct COMPOSE_FILE in {told}, then: <the same command>"
    # The name is told all the same, so that what runs can be stopped.
    assert current.name(configuration.load({}, root)) == "proj"


def test_a_broken_env_hides_neither_files_nor_name(root: Path) -> None:
    write(
        root, {"deploy/dc.yml": BASE, ".env": "B=${\nCOMPOSE_FILE=deploy/dc.yml\nCOMPOSE_PROJECT_NAME=mine\nC='open\n"}
    )
    found = configuration.load({}, root)
    assert found.environment("dev").files == ("deploy/dc.yml",)
    assert current.name(found) == "mine"


def test_an_env_that_cannot_be_read_is_told_by_who_needs_it(root: Path) -> None:
    write(root, {"compose.yaml": BASE})
    (root / ".env").mkdir()
    found = configuration.load({}, root)
    with pytest.raises(EnvFileError, match=r"\.env cannot be read: it is a folder"):
        stacks.select(found, "dev")
    assert stacks.name_of(found, values=False) == "proj"


def test_a_project_directory_is_what_compose_takes_for_it(root: Path) -> None:
    write(root, {"deploy/dc.yml": DEEP, "deploy/.env": "A=there\n", ".env": "A=here\nB=here\n"})
    config = {"ops": {"environments": {"dev": {"files": ["deploy/dc.yml"], "project_directory": "deploy"}}}}
    stack = ours(root, config)
    expected = plain(root, "--project-directory", "deploy", "--file", "deploy/dc.yml")
    assert model.load(stack).raw == expected
    assert stack.env_file == root / "deploy" / ".env"
    assert current.name(configuration.load(config, root)) == expected["name"] == "deploy"


def test_a_project_directory_that_is_not_there(root: Path) -> None:
    write(root, {"dc.yml": BASE})
    config = {"ops": {"environments": {"dev": {"files": ["dc.yml"], "project_directory": "gone"}}}}
    with pytest.raises(UsageError, match="the project directory gone is not there") as caught:
        ours(root, config)
    assert "ops.environments.dev.project_directory" in caught.value.next


@pytest.mark.parametrize("value", ["x", "", "1.5", " 4"])
def test_a_value_that_compose_refuses_everywhere_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("COMPOSE_PARALLEL_LIMIT", value)
    with pytest.raises(UsageError, match="COMPOSE_PARALLEL_LIMIT") as caught:
        compose_variables.check(())
    assert caught.value.next == "unset COMPOSE_PARALLEL_LIMIT"
    monkeypatch.delenv("COMPOSE_PARALLEL_LIMIT")
    (tmp_path / ".env").write_text("COMPOSE_PARALLEL_LIMIT=x\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        compose_variables.check((tmp_path / ".env",))
    assert caught.value.next == "correct COMPOSE_PARALLEL_LIMIT in .env, then: <the same command>"


@pytest.mark.parametrize("value", ["My App", "Shop", "-x", "a.b", "x ", "é"])
def test_a_name_of_the_shell_that_compose_refuses_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    write(root, {"compose.yaml": BASE})
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", value)
    assert process.run([*compose.program().command, "config"], cwd=root).code
    with pytest.raises(
        UsageError, match=f"COMPOSE_PROJECT_NAME is '{value}' in the shell, but compose wants"
    ) as caught:
        ours(root)
    assert caught.value.next == shell_words.removal("COMPOSE_PROJECT_NAME")


def test_a_name_of_env_that_compose_refuses_is_left_to_the_check_whose_step_corrects_it(root: Path) -> None:
    write(root, {"compose.yaml": BASE, ".env": "COMPOSE_PROJECT_NAME='My App'\n"})
    assert ours(root).project == "myapp"


@pytest.mark.parametrize("value", ["4", "-1", "+2"])
def test_a_limit_is_a_whole_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("COMPOSE_PARALLEL_LIMIT", value)
    compose_variables.check(())


@pytest.mark.parametrize("where", ["shell", ".env"])
@pytest.mark.parametrize("names", ["", "conf", f"compose.yaml{os.pathsep}"])
def test_a_folder_that_compose_file_names_is_not_to_be_moved_away(
    root: Path, monkeypatch: pytest.MonkeyPatch, names: str, where: str
) -> None:
    write(root, {"compose.yaml": BASE, "conf/x": ""})
    if where == "shell":
        monkeypatch.setenv("COMPOSE_FILE", names)
    else:
        write(root, {".env": f"COMPOSE_FILE={names}\n"})
    assert process.run([*compose.program().command, "config"], cwd=root).code
    with pytest.raises(UsageError, match=r"COMPOSE_FILE names '[^']*', which is no file") as caught:
        ours(root)
    told = "the shell" if where == "shell" else ".env"
    assert caught.value.next == f"correct COMPOSE_FILE in {told}, then: <the same command>"


def test_a_file_that_compose_env_files_names_and_is_not_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"compose.yaml": BASE, "x.env": "A=1\n"})
    monkeypatch.setenv("COMPOSE_ENV_FILES", "x.env,gone.env")
    assert process.run([*compose.program().command, "config"], cwd=root).code
    with pytest.raises(UsageError, match=r"COMPOSE_ENV_FILES names .*gone\.env, which is not there") as caught:
        ours(root)
    assert caught.value.next == shell_words.removal("COMPOSE_ENV_FILES")
    # A `.env` may still be written.
    monkeypatch.setenv("COMPOSE_ENV_FILES", "x.env,.env")
    assert ours(root).reads_env
