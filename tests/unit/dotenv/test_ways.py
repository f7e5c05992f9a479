"""What a service gets, by which way; plain compose is the reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.dotenv.conftest import Invoke, MakeStack
from upready.dotenv import check, values
from upready.stack import compose as program
from upready.support import process

pytestmark = pytest.mark.costly

WHOLE = "services: {a: {image: x, env_file: [.env]}}\n"
RAW = "services: {a: {image: x, env_file: [{path: .env, format: raw}]}}\n"
BOTH = "services: {a: {image: x, env_file: [.env], environment: ['I=${A}']}}\n"
INTERPOLATED = "services: {a: {image: x, environment: ['A=${A}', 'B=${B}', 'C=${C}']}}\n"


@pytest.mark.parametrize(
    ("env", "compose", "expected"),
    [
        pytest.param("A=file\n", WHOLE, "file", id="the file beats the shell"),
        pytest.param("A=file\n", INTERPOLATED, "shell", id="the shell beats the file"),
        pytest.param("B=${C}\nC=9\n", WHOLE, "", id="nothing"),
        pytest.param("A=${C}x\nC=9\n", WHOLE, "9x", id="what stands below counts, too"),
        pytest.param("A=${C}x\nC=9\n", BOTH, "9x", id="under its own name"),
        pytest.param("A=a$b\n", RAW, "a$b", id="raw"),
        pytest.param('A="q"\n', RAW, '"q"', id="raw, with its quotes"),
    ],
)
def test_the_value_is_what_a_service_gets(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch, env: str, compose: str, expected: str
) -> None:
    if env.startswith("A=file"):
        monkeypatch.setenv("A", "shell")
    stack = make_stack(env, compose=compose)
    found = {each.name: each for each in values(stack)}
    assert (found["A"].text if "A" in found else "") == expected
    line = [*program.program().command, "config", "--format", "json"]
    real = json.loads(process.run(line, cwd=stack.root).stdout)["services"]["a"]["environment"]
    assert (real.get("A") or "").replace("$$", "$") == expected


def test_it_tells_what_each_way_gives_where_they_differ(invoke: Invoke, make_stack: MakeStack, tmp_path: Path) -> None:
    compose = "services: {a: {image: 'x:${A}', env_file: [.env]}, b: {image: x, env_file: [b.env]}}\n"
    make_stack("A=file\nSAME=1\n", compose=compose)
    (tmp_path / "b.env").write_text("A=b\nB_PASSWORD=canary12345\n", encoding="utf-8")
    (tmp_path / "invoke.yaml").write_text("ops: {environments: {dev: {files: [compose.yaml]}}}\n", encoding="utf-8")
    shown = {each["name"]: each for each in invoke("env.show", "--json", A="shell").json["variables"]}
    assert shown["A"] == {
        "name": "A",
        "value": "file",
        "source": "file",
        "sensitive": False,
        "ways": [
            {"by": "${A}", "file": None, "services": [], "value": "shell"},
            {"by": "env_file", "file": ".env", "services": ["a"], "value": "file"},
            {"by": "env_file", "file": "b.env", "services": ["b"], "value": "b"},
        ],
    }
    assert "ways" not in shown["SAME"]
    text = invoke("env.show", A="shell").out
    assert "${A}" in text
    assert "env_file b.env: b" in " ".join(text.split())


def test_a_secret_of_no_way_is_shown(invoke: Invoke, make_stack: MakeStack, tmp_path: Path) -> None:
    compose = "services: {a: {image: 'x', environment: ['X=${A_PASSWORD}'], env_file: [b.env]}}\n"
    make_stack("A_PASSWORD=canaryone1\n", compose=compose)
    (tmp_path / "b.env").write_text("A_PASSWORD=canarytwo2\n", encoding="utf-8")
    (tmp_path / "invoke.yaml").write_text("ops: {environments: {dev: {files: [compose.yaml]}}}\n", encoding="utf-8")
    for options in ([], ["--json"]):
        assert "canary" not in invoke("env.show", *options).out
    assert "canarytwo2" in invoke("env.show", "--reveal").out


@pytest.mark.parametrize(
    "path",
    ["${PWD}/.env", "${ENV_FILE:-.env}", "./${NONE:-}.env", "${HERE:-}/.env", "sub/../.env"],
)
def test_the_path_of_a_file_may_hold_variables(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str
) -> None:
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("HERE", str(tmp_path))
    (tmp_path / "sub").mkdir()
    compose = f"services: {{a: {{image: x, env_file: '{path}'}}}}\n"
    assert [each.check for each in check(make_stack("A=1\n", schema="A=1\nB=1\n", compose=compose))] == ["missing"]


@pytest.mark.parametrize(
    ("compose", "severity"),
    [
        ("services: {a: {image: x, secrets: [s]}}\nsecrets: {s: {environment: A}}\n", ["error"]),
        ("services: {a: {image: x, configs: [s]}}\nconfigs: {s: {environment: A}}\n", ["error"]),
        ("services: {a: {image: x}}\nsecrets: {s: {environment: A}}\n", []),
        ("services: {b: {image: x}, a: {image: x, profiles: [p], secrets: [s]}}\nsecrets: {s: {environment: A}}\n", []),
        ("services: {a: {image: x, environment: [A]}}\n", []),
        ("services: {b: {image: x}, a: {image: 'x:${A}', profiles: [p]}}\n", []),
        ("services: {b: {image: x}, a: {image: 'x:${A:?}', profiles: [p]}}\n", ["error"]),
        ("services: {a: {image: 'x:${C:-${A}}'}}\n", ["warning"]),
        ("services: {a: {image: 'x:${B:-${A}}'}}\n", []),
        ("services: {a: {image: 'x:${C:+${A}}'}}\n", []),
        ("services: {a: {image: 'x:${B:+${A:?}}'}}\n", ["error"]),
    ],
)
def test_missing_knows_every_way(make_stack: MakeStack, compose: str, severity: list[str]) -> None:
    found = [each for each in check(make_stack("B=1\n", compose=compose)) if each.check == "missing"]
    assert [each.severity for each in found] == severity


def test_what_another_file_sets_is_not_set_for_compose(make_stack: MakeStack, tmp_path: Path) -> None:
    (tmp_path / "b.env").write_text("A=1\n", encoding="utf-8")
    [found] = check(make_stack("", compose="services: {a: {image: 'x:${A}', env_file: b.env}}\n"))
    assert (found.check, found.variable) == ("missing", "A")
    assert "b.env" in found.why


def test_a_file_that_is_valid_only_with_its_values(make_stack: MakeStack, tmp_path: Path) -> None:
    (tmp_path / "sub.yaml").write_text("services: {b: {image: 'x:${B}', depends_on: ['${DB}']}}\n", encoding="utf-8")
    compose = "include: [sub.yaml]\nservices: {pg: {image: p}}\n"
    schema = "DB=pg\nB=1\n"
    assert [str(each) for each in check(make_stack("DB=pg\nB=1\n", schema=schema, compose=compose))] == []
    [found] = check(make_stack("B=1\n", schema=schema, compose=compose))
    assert (found.severity, found.check, found.variable) == ("error", "missing", "DB")
    (tmp_path / ".env").unlink()
    [found] = check(make_stack(None, schema=schema, compose=compose))
    assert (found.severity, found.message) == ("error", ".env is missing")
