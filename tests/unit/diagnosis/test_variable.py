"""A variable that a program asks for or refuses: in whose words it is found, and what is said of its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.diagnosis.cases import replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import variable

LACKS = "add {0} under environment: of web, and its value to .env, then: invoke dev"
SET = "invoke env.set {0} && invoke dev"


def said(line: str, **environment: str | None) -> tuple[str, str, str] | None:
    """What is said of a service with these variables that wrote a line."""
    found = variable.find(replica("starting", *line.split("\n"), web=service(environment=environment)))
    return told(found) if found else None


def lacks(name: str) -> tuple[str, str, str]:
    return "", f"asks for the variable {name}, which it is not given", LACKS.format(name)


def refuses(name: str, why: str = "") -> tuple[str, str, str]:
    return "", f"does not accept the value of the variable {name}{why}", SET.format(name)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("KeyError: 'TOKEN'", "TOKEN"),
        ("the variable TOKEN is not set", "TOKEN"),
        ('variables "TOKEN" are required', "TOKEN"),
        ("missing required environment variable: TOKEN", "TOKEN"),
        ("no value for variable ${TOKEN}", "TOKEN"),
        ("sh: 1: TOKEN: parameter null or not set", "TOKEN"),
        ("start.sh: line 3: TOKEN: unbound variable", "TOKEN"),
        ("you must specify TOKEN to a non-empty value", "TOKEN"),
        ("API_TOKEN is required", "API_TOKEN"),
        ("API_TOKEN was not defined", "API_TOKEN"),
        ("API_TOKEN must be given", "API_TOKEN"),
        ("please set API_TOKEN", "API_TOKEN"),
        ("Error: superuser password is not specified", "POSTGRES_PASSWORD"),
        ("api_token\n  Field required [type=missing]", "API_TOKEN"),
    ],
)
def test_a_variable_that_is_not_given(line: str, name: str) -> None:
    assert said(line) == lacks(name)


@pytest.mark.parametrize("line", ["HTTP is required", "please set HTTP", "HTTP must be set"])
def test_a_word_in_capitals_is_a_variable_where_the_service_has_it(line: str) -> None:
    assert said(line) is None
    assert said(line, HTTP="1") == refuses("HTTP")


def test_a_variable_that_is_empty() -> None:
    expected = ("", "asks for the variable API_TOKEN, which is empty", SET.format("API_TOKEN"))
    assert said("API_TOKEN is required", API_TOKEN="") == expected
    assert said("API_TOKEN is required", API_TOKEN=None) == expected


@pytest.mark.parametrize(
    "line", ["invalid value for variable WORKERS", "WORKERS must be a number", "WORKERS is not a valid number"]
)
def test_a_value_that_is_refused(line: str) -> None:
    assert said(line, WORKERS="many") == refuses("WORKERS")
    assert said(line) is None, "a word that is no variable of the service"


@pytest.mark.parametrize(
    "line",
    [
        "ValueError: invalid literal for int() with base 10: 'many'",
        "ValueError: could not convert string to float: 'many'",
        'strconv.Atoi: parsing "many": invalid syntax',
        'invalid syntax: "many"',
    ],
)
def test_a_value_that_is_shown_names_its_variable(line: str) -> None:
    assert said(line, OTHER="few", WORKERS="many", MORE="many") == refuses("WORKERS")
    assert said(line, WORKERS="few") is None


@pytest.mark.parametrize(
    ("field", "line", "why"),
    [
        ("workers", "  Input should be a valid integer [type=int_parsing]", ": input should be a valid integer"),
        ("workers", "  Value error, no more than 4", ": value error, no more than 4"),
        ("workers", "  String should have at least 3 characters", ": string should have at least 3 characters"),
        ("workers", "  URL scheme should be http [type=url]", ": URL scheme should be http"),
        ("workers", "  Field required [type=missing]", ": field required"),
    ],
)
def test_a_field_of_settings_is_a_variable_with_or_without_a_prefix(field: str, line: str, why: str) -> None:
    said_of = f"1 validation error\n{field}\n{line}"
    assert said(said_of, WORKERS="many") == refuses("WORKERS", why)
    assert said(said_of, NETWORKERS="1", APP_WORKERS="many") == refuses("APP_WORKERS", why)


def test_a_field_without_a_variable() -> None:
    assert said("workers\n  Input should be a valid integer") is None
    assert said("workers\n  Field required", APP_WORKERS_MOST="1") == lacks("WORKERS")


def test_a_reason_shows_no_secret() -> None:
    web = service(environment={"APP_KEY": "hunter2hunter2"})
    lines = ("key", "  Value error, hunter2hunter2 is too short")
    _, message, _ = told(variable.find(replica(*lines, web=web, secrets=("hunter2hunter2",))))
    assert "hunter2" not in message
    assert "is too short" in message


def test_the_value_is_changed_where_the_compose_file_has_it(tmp_path: Path) -> None:
    text = "services:\n  web:\n    environment:\n      WORKERS: many\n"
    web = service(environment={"WORKERS": "many"})
    for line in ("WORKERS must be a number", "invalid literal for int() with base 10: 'many'"):
        one = replica(line, web=web, root=tmp_path, compose=text)
        assert told(variable.find(one))[2] == "correct environment.WORKERS: in compose.yaml:4, then: invoke dev"


def test_the_value_is_changed_in_the_file_that_the_service_gets(tmp_path: Path) -> None:
    (tmp_path / "web.env").write_text("# Of web.\nWORKERS=many\n", encoding="utf-8")
    text = "services:\n  web:\n    env_file: web.env\n"
    one = replica("WORKERS must be a number", web=service(environment={"WORKERS": "many"}), root=tmp_path, compose=text)
    assert told(variable.find(one))[2] == "correct WORKERS in web.env:2, then: invoke dev"


def test_the_value_of_a_name_that_is_passed_on_is_set_in_env(tmp_path: Path) -> None:
    for entry in ("[WORKERS]", "{WORKERS: }"):
        text = f"services:\n  web:\n    environment: {entry}\n"
        web = service(environment={"WORKERS": "many"})
        one = replica("WORKERS must be a number", web=web, root=tmp_path, compose=text)
        assert told(variable.find(one))[2] == SET.format("WORKERS")


def test_a_variable_that_the_compose_file_uses_is_set_in_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "services:\n  web:\n    command: run ${APP_UID}\n"
    one = replica("APP_UID is not set", web=service(environment={}), root=tmp_path, compose=text)
    assert told(variable.find(one)) == (
        "",
        "asks for the variable APP_UID, which is set nowhere",
        SET.format("APP_UID"),
    )
    monkeypatch.setenv("APP_UID", "5")
    assert told(variable.find(one)) == lacks("APP_UID")


def test_what_the_program_says_first_counts() -> None:
    assert said("KeyError: 'TOKEN'\nAPI_KEY is required") == lacks("TOKEN")
