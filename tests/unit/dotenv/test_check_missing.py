"""What is not there: the file, a required variable, or one that compose needs and gets from nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

pytestmark = pytest.mark.costly

SCHEMA = """\
# @required
A=
# @required=forEnv(prod)
B=
C=
"""
COMPOSE = """\
services:
  app:
    image: app
    environment:
      X: ${BLANK}
      Y: ${DEMANDED:?please}
      Z: ${DEFAULT:-x}${EMPTY_DEFAULT-}
"""

CASES = [
    pytest.param("A=1\n", [], id="all there"),
    pytest.param("B=1\n", ["0:0 error A"], id="a required one"),
    pytest.param("A\n", ["0:0 error A"], id="a name without an equals sign"),
    pytest.param("# A=1\n", ["0:0 error A"], id="only in a comment"),
    pytest.param("A=\n", [], id="empty is another check's"),
    pytest.param("B='open\nA=1\nC='x'\n", [], id="behind a quote that is not closed"),
    pytest.param(None, ["0:0 error"], id="no file"),
    pytest.param("what is this\nB=1\n", ["0:0 error A"], id="told even when compose cannot read the file"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_missing(found_by: Callable[..., list[str]], env: str | None, expected: list[str]) -> None:
    assert found_by("missing", env, schema=SCHEMA) == expected


def test_prod_requires_more(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", "A=1\n", schema=SCHEMA, environment="prod") == ["0:0 error B"]


def test_the_shell_may_give_everything(found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "1")
    assert found_by("missing", None, schema=SCHEMA) == []
    assert found_by("missing", "", schema=SCHEMA) == []


def test_without_decorators_a_missing_file_is_an_error_and_each_missing_variable_a_warning(
    found_by: Callable[..., list[str]],
) -> None:
    how = {"schema": "A=1\nB=\nC=\nD=\n", "compose": "services: {a: {image: '${C}${D:-x}', env_file: .env}}\n"}
    # Once: what is not set comes with the file.
    assert found_by("missing", None, **how) == ["0:0 error"]
    # D has a default.
    assert found_by("missing", "A=1\n", **how) == ["0:0 warning B", "compose.yaml:1:24 warning C"]
    assert found_by("missing", "A=\nB=\nC=\nD=\n", **how) == []


def test_without_a_schema_no_file_is_needed(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", None) == []


def test_what_compose_refuses_to_miss_or_leaves_blank(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", "", compose=COMPOSE) == [
        "compose.yaml:5:10 warning BLANK",
        "compose.yaml:6:10 error DEMANDED",
    ]
    assert found_by("missing", "BLANK=\nDEMANDED=1\n", compose=COMPOSE) == []
    assert found_by("missing", "BLANK=\n", compose=COMPOSE) == ["compose.yaml:6:10 error DEMANDED"]


def test_it_says_who_can_give_the_value(make_stack: Callable[..., Stack]) -> None:
    schema = "# Who owns it.\n# @required\nA=x\n# @required\nB=\n# @required @generate=secret()\nC=\n"
    fixes = {each.variable: each.fix for each in check(make_stack("", schema=schema)) if each.check == "missing"}
    assert fixes == {"A": "invoke env.init", "B": "invoke env.set B", "C": "invoke env.init"}


def test_a_service_that_reads_all_of_a_missing_file(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", None, compose="services: {a: {image: a, env_file: .env}}\n") == ["0:0 error"]
    optional = "services: {a: {image: a, env_file: [{path: .env, required: false}]}}\n"
    assert found_by("missing", None, compose=optional) == []


def test_what_a_user_reads_of_a_missing_file(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    schema = "# @required\nA=\n# @required\nB=\nC=\n"
    assert told_by("missing", None, schema=schema) == [(".env is missing", "dev requires A, B", "invoke env.init")]
    assert told_by("missing", None, schema="A=1\n") == [
        (".env is missing", "no variable of the schema is set", "invoke env.init")
    ]
    assert told_by("missing", None, schema="# @optional\nA=1\n") == []


def test_what_a_user_reads_of_a_missing_variable(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    why = ".env.example requires it for dev"
    assert told_by("missing", "", schema="# Who owns it.\n# @required\nA=\n# @required\nB=\n") == [
        ("A is required and missing: Who owns it", why, "invoke env.set A"),
        ("B is required and missing", why, "invoke env.set B"),
    ]


WHOLE = "services: {a: {image: a, env_file: .env}}\n"
LEFT_OUT = "the programs that need them do not get them"


def test_of_many_that_were_left_out_some_are_named(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    assert told_by("missing", "", schema="A=\nB=\nC=\nD=\n", compose=WHOLE) == [
        ("4 variables of .env.example are not in .env: A, B, C and 1 more", LEFT_OUT, "invoke env.init")
    ]
    assert told_by("missing", "E=\n", schema="A=\nB=\nC=\nE=\n", compose=WHOLE) == [
        (f"{name} is in .env.example and not in .env", "the programs that need it do not get it", "invoke env.init")
        for name in "ABC"
    ]


@pytest.mark.parametrize(
    ("compose", "file", "found"),
    [
        pytest.param("services: {a: {image: a}}\n", "", 0, id="nobody needs it"),
        pytest.param(WHOLE, "", 1, id="a service is given the whole file"),
        pytest.param("services: {a: {image: 'a:${A:-x}', env_file: .env}}\n", "", 0, id="it has a default"),
        pytest.param("services: {a: {image: 'a${B:-${A}}'}}\n", "", 1, id="a compose file uses it within a default"),
        pytest.param("services: {a: {image: a}}\n", "import os\nos.environ['A']\n", 1, id="a program mentions it"),
    ],
)
def test_without_decorators_it_matters_who_needs_it(
    found_by: Callable[..., list[str]], tmp_path: Path, compose: str, file: str, found: int
) -> None:
    (tmp_path / "run.py").write_text(file, encoding="utf-8")
    assert found_by("missing", "B=1\n", schema="A=\nB=\n", compose=compose) == ["0:0 warning A"] * found
    assert found_by("missing", "B='open\nA=\n", schema="A=\nB=\n", compose=compose) == []


def test_what_compose_cannot_read_its_files_without(
    found_by: Callable[..., list[str]], told_by: Callable[..., list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: more}}\n", encoding="utf-8")
    compose = "include: ['${WHICH}.yaml']\nservices: {a: {image: a}}\n"
    schema = "WHICH=more\n# @required\nB=\nC=\n# @required\nD=\n"
    why = "compose cannot read the compose files without it: compose: open .yaml: no such file or directory"
    assert told_by("missing", "B=1\n", schema=schema, compose=compose) == [
        ("D is required and missing", ".env.example requires it for dev", "invoke env.set D"),
        ("WHICH is set nowhere", why, "invoke env.init"),
    ]
    found = found_by("missing", "B=1\n", schema=schema, compose=compose)
    assert found == ["0:0 error D", "0:0 error WHICH"]
    # Told as required already, it is not told again.
    required = schema.replace("WHICH", "# @required\nWHICH")
    assert [each[0] for each in told_by("missing", "B=1\nD=1\n", schema=required, compose=compose)] == [
        "WHICH is required and missing"
    ]


def test_what_a_user_reads_of_what_compose_needs(
    told_by: Callable[..., list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "app.env").write_text("BLANK=1\nDEMANDED=1\n", encoding="utf-8")
    demanded, blank = "compose refuses to start without it", "compose uses an empty string in its place"
    assert told_by("missing", "", compose=COMPOSE) == [
        ("BLANK is set nowhere", blank, "invoke env.set BLANK"),
        ("DEMANDED is set nowhere", demanded, "invoke env.set DEMANDED"),
    ]
    rest = "; app.env sets it, but an env_file is for containers only"
    (tmp_path / "b.env").write_text("BLANK=2\n", encoding="utf-8")
    with_files = COMPOSE.replace("image: app", "image: app\n    env_file: [app.env]")
    assert told_by("missing", "", compose=with_files) == [
        ("BLANK is not set for compose itself", f"{blank}{rest}", "invoke env.set BLANK"),
        ("DEMANDED is not set for compose itself", f"{demanded}{rest}", "invoke env.set DEMANDED"),
    ]
    two = with_files.replace("[app.env]", "app.env") + "  other:\n    image: other\n    env_file: b.env\n"
    assert told_by("missing", "DEMANDED=1\n", compose=two) == [
        (
            "BLANK is not set for compose itself",
            f"{blank}; app.env, b.env{rest.partition('env')[2]}",
            "invoke env.set BLANK",
        )
    ]


def test_of_a_service_that_is_not_started_only_a_demand_matters(found_by: Callable[..., list[str]]) -> None:
    compose = COMPOSE.replace("image: app", "image: app\n    profiles: [other]")
    assert found_by("missing", "", compose=compose) == ["compose.yaml:7:10 error DEMANDED"]


def test_what_stands_behind_an_open_quote_is_not_missing(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", "A='open\nBLANK=1\nDEMANDED=1\n", compose=COMPOSE) == []


def test_what_is_used_twice_is_told_once(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    compose = "services: {a: {image: '${A}${A}${A:?x}'}}\n"
    assert found_by("missing", "", compose=compose) == ["compose.yaml:1:24 warning A"]
    schema = "# @required\nA=\n"
    assert found_by("missing", "", compose=compose, schema=schema) == ["0:0 error A"]
    (tmp_path / ".env").unlink()
    assert found_by("missing", None, compose=compose, schema=schema) == ["0:0 error"]


def test_what_does_not_matter_hides_nothing_behind_it(found_by: Callable[..., list[str]]) -> None:
    assert found_by("missing", "", compose="services: {a: {image: 'a${D:-x}${A}'}}\n") == [
        "compose.yaml:1:32 warning A"
    ]
    compose = "services: {a: {image: 'a${A}', profiles: [off]}, b: {image: 'b${B}'}}\n"
    assert found_by("missing", "", compose=compose) == ["compose.yaml:1:63 warning B"]


def test_what_an_included_file_uses_is_told_without_a_place(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more${TAG}'}}\n", encoding="utf-8")
    compose = "include: [more.yaml]\nservices: {app: {image: app}}\n"
    assert found_by("missing", "A=1\n", compose=compose) == ["compose:0:0 warning TAG"]


def test_with_a_missing_file_only_what_no_schema_has_is_told_besides(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {a: {image: 'a${B}${X}'}}\n"
    found = found_by("missing", None, schema="# @required\nA=\nB=\n", compose=compose)
    assert found == ["0:0 error", "compose.yaml:1:29 warning X"]


def test_a_missing_file_without_which_compose_cannot_read_its_files(
    told_by: Callable[..., list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: more}}\n", encoding="utf-8")
    compose = "include: ['${WHICH}.yaml']\nservices: {a: {image: a}}\n"
    assert told_by("missing", None, schema="# @optional\nWHICH=more\n", compose=compose) == [
        (".env is missing", "no variable of the schema is set", "invoke env.init")
    ]
