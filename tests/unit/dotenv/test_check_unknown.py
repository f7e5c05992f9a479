"""A variable that nothing knows, most often a typing error."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import check
from upready.dotenv.similar_names import SimilarNames
from upready.dotenv.usages import STEERING
from upready.stack.selection import Stack

SCHEMA = "DB_PASSWORD=\nDB_USER=\nAPI_PORT=8000\n"
COMPOSE = "services: {app: {image: 'app:${USED}'}}\n"

CASES = [
    pytest.param("DB_PASSWORD=x\n", [], id="known"),
    pytest.param("DB_PASWORD=x\n", ["1:1 warning DB_PASWORD"], id="a typing error"),
    pytest.param("USED=1\n", [], id="used in a compose file"),
    pytest.param("COMPOSE_PROJECT_NAME=x\nDOCKER_HOST=y\n", [], id="compose's own"),
    pytest.param(
        "COMPOSE_PROFILE=x\nCOMPOSE_PROJET_NAME=y\nOPS_X=z\n",
        ["1:1 warning COMPOSE_PROFILE", "2:1 warning COMPOSE_PROJET_NAME", "3:1 warning OPS_X"],
        id="typing errors in compose's own",
    ),
    pytest.param("canarytwo==\nMIIcanary=x\n", ["1:1 warning", "2:1 warning"], id="what may be a line of a secret"),
    pytest.param('DB_PASSWORD="x\ncanary=\n', [], id="behind a quote that is not closed"),
    pytest.param("ZZ='x\nYY=1\n", ["1:1 warning ZZ"], id="before a quote that is not closed"),
    pytest.param("A B=1\n", [], id="no name at all"),
    pytest.param("X=1\nX=2\n", ["2:1 warning X"], id="in the file twice"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_unknown(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("unknown", env, schema=SCHEMA, compose=COMPOSE) == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("DB_PASWORD", "DB_PASSWORD"),
        ("db_password", "DB_PASSWORD"),
        ("DB_PASSWROD", "DB_PASSWORD"),
        ("DBPASSWORD", "DB_PASSWORD"),
        ("API_PROT", "API_PORT"),
        ("API_POR", "API_PORT"),
        ("API_PORTS", "API_PORT"),
        ("API_FORT", "API_PORT"),
        ("DP_PASSWORT", "DB_PASSWORD"),
        ("COMPOSE_PROFILE", "COMPOSE_PROFILES"),
        ("SMTP_HOST", None),
        ("X", None),
    ],
)
def test_it_says_what_was_meant(written: str, meant: str | None) -> None:
    assert SimilarNames(["DB_PASSWORD", "DB_USER", "API_PORT", *STEERING]).closest(written) == meant


def test_many_typing_errors_are_found_at_once() -> None:
    names = [f"SOME_VARIABLE_{number}_OF_MANY" for number in range(500)]
    swapped = [name.replace("VARI", "VAIR") for name in names]
    began = time.process_time()
    near = SimilarNames(names)
    assert [near.closest(name) for name in swapped] == names
    assert [near.closest(f"NOTHING_{number}_LIKE_IT_HERE") for number in range(500)] == [None] * 500
    # Compared one by one they take ten seconds.
    assert time.process_time() - began < 2


@pytest.mark.parametrize(("there", "typo"), [("DB_PASSWORD", "DB_PASWORD"), ("COMPOSE_PROFILES", "COMPOSE_PROFILE")])
def test_a_name_that_the_file_has_already_was_not_meant(
    make_stack: Callable[..., Stack], there: str, typo: str
) -> None:
    [found] = [each for each in check(make_stack(f"{there}=a\n{typo}=b\n", schema=SCHEMA)) if each.check == "unknown"]
    assert found.variable == typo
    assert "did you mean" not in found.message


def test_without_a_schema_nothing_is_unknown(found_by: Callable[..., list[str]]) -> None:
    assert found_by("unknown", "ANYTHING=1\n") == []


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    assert told_by("unknown", "DB_PASWORD=x\nZZ=1\n", schema=SCHEMA, compose=COMPOSE) == [
        (
            "DB_PASWORD is not in .env.example; did you mean DB_PASSWORD?",
            "nothing reads it",
            "rename it to DB_PASSWORD",
        ),
        ("ZZ is not in .env.example", "nothing reads it", "remove it, or describe it in .env.example"),
    ]


def test_a_service_that_gets_the_whole_file_may_read_it(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    compose = "services: {a: {image: a, env_file: .env}}\n"
    assert told_by("unknown", "DB_PASWORD=x\nZZ=1\n", schema=SCHEMA, compose=compose) == [
        (
            "DB_PASWORD is not in .env.example; did you mean DB_PASSWORD?",
            "a service gets it, but probably reads the other name",
            "rename it to DB_PASSWORD",
        )
    ]
    assert told_by("unknown", "DB_PASSWORD=x\nDB_PASWORD=x\n", schema=SCHEMA, compose=compose) == []


def test_what_another_file_of_the_project_mentions_is_known(found_by: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text("import os\nprint(os.environ['DB_PASWORD'])\n", encoding="utf-8")
    assert found_by("unknown", "DB_PASWORD=x\nZZ=1\n", schema=SCHEMA, compose=COMPOSE) == ["2:1 warning ZZ"]


def test_what_a_compose_file_uses_may_have_been_meant(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    [found] = told_by("unknown", "TAGG_OF_APP=x\n", schema=SCHEMA, compose=COMPOSE.replace("USED", "TAG_OF_APP"))
    assert found[2] == "rename it to TAG_OF_APP"
