"""Variables of included files, whose values may stand in a `.env` of their own; plain compose is the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.dotenv.conftest import MakeStack
from upready import dotenv
from upready.dotenv import inputs
from upready.stack import compose, compose_call, model
from upready.stack.selection import Stack
from upready.support import process
from upready.support.errors import EnvFileError, UsageError

pytestmark = pytest.mark.costly

ROOT = "include: [%s]\nservices: {root: {image: x}}\n"
PART = "services: {part: {image: x, environment: {G: '%s'}}}\n"


def write(stack_root: Path, **files: str) -> None:
    for name, text in files.items():
        path = stack_root / "part" / name.replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def accepted(stack: Stack) -> bool:
    """Whether plain compose goes on."""
    return process.run([*compose.program().command, "config", "--quiet"], cwd=stack.root).code == 0


def findings(stack: Stack) -> list[str]:
    return [
        f"{each.severity} {each.variable}" for each in dotenv.check(stack) if each.check in ("missing", "undeclared")
    ]


@pytest.mark.nightly(day=8)
@pytest.mark.parametrize(
    ("include", "files"),
    [
        ("part/part.yml", {"_env": "GREETING=hi\n"}),
        ("{path: part/part.yml, env_file: part/own.env}", {"own_env": "GREETING=hi\n"}),
        (
            "{path: part/part.yml, env_file: [part/one.env, part/own.env]}",
            {"one_env": "X=1\n", "own_env": "GREETING=hi\n"},
        ),
        ("{path: [part/part.yml], project_directory: part}", {"_env": "GREETING=hi\n"}),
        ("{path: part/part.yml, project_directory: ./}", {"_env": "GREETING=hi\n"}),
        ("{path: part/part.yml, env_file: /dev/null}", {"_env": "GREETING=hi\n"}),
        ("part/part.yml", {"_env": "GREETING=\n"}),
        ("part/part.yml", {"_env": "ANOTHER=hi\n"}),
        ("part/part.yml", {}),
    ],
)
@pytest.mark.parametrize("use", ["${GREETING:?}", "$GREETING"])
def test_what_compose_accepts_is_no_error(
    make_stack: MakeStack, tmp_path: Path, include: str, files: dict[str, str], use: str
) -> None:
    write(tmp_path, part_yml=PART % use, **files)
    stack = make_stack(compose=ROOT % include)
    result = process.run([*compose.program().command, "config", "--quiet"], cwd=stack.root)
    # Compose refuses what is required and only warns of the other.
    complains = result.code != 0 or "GREETING" in result.stderr
    grade = "error" if ":?" in use else "warning"
    assert findings(stack) == ([f"{grade} GREETING"] if complains else [])
    if not complains:
        assert model.load(stack).service("part").config["environment"]["G"] is not None


def test_all_that_is_missing_is_told_at_once(make_stack: MakeStack, tmp_path: Path) -> None:
    write(tmp_path, part_yml=PART % "${ONE:?}${TWO:?why}$THREE${FOUR:?}", _env="FOUR=4\n")
    stack = make_stack(compose=ROOT % "part/part.yml")
    assert not accepted(stack)
    assert findings(stack) == ["error ONE", "error TWO", "warning THREE"]


def test_what_else_is_wrong_is_no_variable_of_an_included_file(make_stack: MakeStack, tmp_path: Path) -> None:
    write(tmp_path, part_yml=PART % "${GREETING:?}", _env="GREETING=hi\n")
    stack = make_stack(compose="include: [part/part.yml]\nservices: {root: {image: x, label_file: gone.labels}}\n")
    assert not accepted(stack)
    assert findings(stack) == []
    with pytest.raises(UsageError, match=r"gone\.labels not found"):
        model.load(stack)


def test_a_variable_that_the_stack_itself_needs_too_is_missing(make_stack: MakeStack, tmp_path: Path) -> None:
    write(tmp_path, part_yml=PART % "${GREETING:?}", _env="GREETING=hi\n")
    stack = make_stack(compose=f"{ROOT % 'part/part.yml'}x-own: ${{GREETING:?}}\n")
    assert not accepted(stack)
    assert findings(stack) == ["error GREETING"]


def test_an_included_projects_own_variables_need_no_schema(make_stack: MakeStack, tmp_path: Path) -> None:
    write(tmp_path, part_yml=PART % "$GREETING$HERE", _env="GREETING=hi\n")
    stack = make_stack("HERE=1\n", schema="OWN=1\n", compose=f"{ROOT % 'part/part.yml'}x-own: $OWN\n")
    assert findings(stack) == ["warning HERE", "warning OWN"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("COMPOSE_DISABLE_ENV_FILE", "1"), ("COMPOSE_DISABLE_ENV_FILE", "true"), ("COMPOSE_ENV_FILES", "x.env")],
)
def test_a_broken_env_that_compose_does_not_read_stops_nothing(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    stack = make_stack("B=${\nC='open\n", compose="services: {root: {image: 'x:${TAG:-1}'}}\n")
    (stack.root / "x.env").write_text("TAG=2\n", encoding="utf-8")
    monkeypatch.setenv(name, value)
    assert accepted(stack)
    assert [(each.severity, each.check) for each in dotenv.check(stack)] == [("warning", "unread")]
    tag = "2" if name == "COMPOSE_ENV_FILES" else "1"
    assert model.load(stack).service("root").image == f"x:{tag}"
    assert {each.name: each.text for each in dotenv.values(stack)}["TAG"] == tag


def test_a_required_value_of_another_file_is_there(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = make_stack(None, schema="# Key.\n# @required\nKEY=\n", compose="services: {root: {image: 'x:${KEY:?}'}}\n")
    (stack.root / "x.env").write_text("KEY=2\n", encoding="utf-8")
    assert findings(stack) != []
    monkeypatch.setenv("COMPOSE_ENV_FILES", "x.env")
    assert findings(stack) == []


NESTED = "services: {part: {image: x, environment: {G: '${GREETING:-$HERE}', H: $OTHER}}}\n"


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        ("services: {root: {image: x}}\n", 3),
        # Compose refuses this until the variable has its value: then it is asked two questions more.
        ("services: {root: {image: x, deploy: {update_config: {order: '${ORDER:-start-first}'}}}}\n", 5),
    ],
)
def test_what_included_files_use_is_asked_at_once(
    make_stack: MakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, calls: int
) -> None:
    write(tmp_path, part_yml=NESTED, _env="OTHER=hi\n")
    stack = make_stack("HERE=1\n", compose=f"include: [part/part.yml]\n{kind}")
    merged = compose_call.config(stack)
    asked: list[str] = []
    monkeypatch.setattr(process, "tell", lambda line: asked.append(" ".join(line)))
    found = inputs.gather(stack, lambda: asked.append("compose merge") or merged)
    assert len([line for line in asked if "compose" in line]) == calls, asked
    monkeypatch.setattr(process, "tell", None)
    # The same as where nothing is known of included files before compose tells.
    monkeypatch.setattr(inputs, "_located_within", lambda _: [])
    plain = inputs.gather(stack)
    assert found.values == plain.values
    assert found.uses == plain.uses
    assert found.values["GREETING"].text == "1"


def test_what_a_file_of_variables_lacks_is_not_missing_of_an_included_one(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    write(tmp_path, part_yml=PART % "$GREETING", _env="GREETING=hi\n")
    (tmp_path / "own.env").write_text("A=$GREETING\n", encoding="utf-8")
    stack = make_stack(compose="include: [part/part.yml]\nservices: {root: {image: x, env_file: own.env}}\n")
    merged = compose_call.config(stack)
    assert "GREETING" in merged.stderr
    assert [each.variable for each in dotenv.check(stack, merge=lambda: merged)] == []


@pytest.mark.parametrize("named", ["x.env", ".env,x.env"])
def test_an_error_is_about_the_file_that_has_it(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    stack = make_stack("A=1\n", compose="services: {root: {image: 'x:${A:-1}'}}\n")
    (stack.root / "x.env").write_text("A=1\nBAD LINE\n", encoding="utf-8")
    monkeypatch.setenv("COMPOSE_ENV_FILES", named)
    with pytest.raises(EnvFileError, match=r"^x\.env cannot be read by compose: line 2:") as caught:
        dotenv.check(stack)
    assert caught.value.next == "correct x.env:2, then: <the same command>"
