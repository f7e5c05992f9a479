"""A secret that can be guessed, in production."""

from __future__ import annotations

from collections.abc import Callable

import pytest

SCHEMA = """\
DB_USER=
DB_PASSWORD=
API_TOKEN=
ADMIN_PASSWORD=the-default-of-the-schema
# @sensitive
QUEUE_URL=
"""

CASES = [
    pytest.param("DB_PASSWORD=q6xCjmMtnGt9LR8jGDL1\nAPI_TOKEN=Xk3-vB9_qL7z\n", [], id="strong"),
    pytest.param("DB_PASSWORD=q6xCjmM\n", ["1:13 error DB_PASSWORD"], id="short"),
    pytest.param("DB_PASSWORD=Password123456!\n", ["1:13 error DB_PASSWORD"], id="common"),
    pytest.param("DB_PASSWORD=passwordpassword\n", ["1:13 error DB_PASSWORD"], id="a common word twice"),
    pytest.param("DB_PASSWORD=Admin-Secret-2026!\n", ["1:13 error DB_PASSWORD"], id="common words"),
    pytest.param("DB_PASSWORD=0f3a9c7712e84410\n", [], id="hexadecimal digits"),
    pytest.param("DB_PASSWORD=1234567890123\n", ["1:13 error DB_PASSWORD"], id="digits"),
    pytest.param("DB_PASSWORD=aaaaaaaabbbb\n", ["1:13 error DB_PASSWORD"], id="few characters"),
    pytest.param(
        "DB_USER=application-owner\nDB_PASSWORD=Application-Owner\n", ["2:13 error DB_PASSWORD"], id="the user's name"
    ),
    pytest.param(
        "ADMIN_PASSWORD=the-default-of-the-schema\n", ["1:16 error ADMIN_PASSWORD"], id="the schema's default"
    ),
    pytest.param("QUEUE_URL=amqp://me:guest@q/\n", ["1:11 error QUEUE_URL"], id="in a URL"),
    pytest.param("QUEUE_URL=amqp://me:q6xCjmMtnGt9LR8@q/\n", [], id="strong in a URL"),
    pytest.param("QUEUE_URL=amqp://q/\n", [], id="a URL without one"),
    pytest.param("API_TOKEN=a:q6xCjmMtnGt9LR8j,b:Password123456!\n", ["1:11 error API_TOKEN"], id="one of a list"),
    pytest.param("API_TOKEN=a:q6xCjmMtnGt9LR8j,b:Xk3-vB9_qL7zwR5m:read\n", [], id="a list"),
    pytest.param("DB_USER=root\n", [], id="no secret"),
    pytest.param("DB_PASSWORD=\n", [], id="empty is another check's"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_weak_secret(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("weak-secret", env, schema=SCHEMA, strict=True) == expected


def test_development_may_have_weak_secrets(found_by: Callable[..., list[str]]) -> None:
    assert found_by("weak-secret", "DB_PASSWORD=x\n", schema=SCHEMA) == []


def test_the_default_of_a_compose_file_is_no_secret(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {app: {image: app, environment: ['P=${DB_PASSWORD:-q6xCjmMtnGt9LR8jGDL1}']}}\n"
    assert found_by("weak-secret", "DB_USER=me\n", schema=SCHEMA, compose=compose, strict=True) == [
        "0:0 error DB_PASSWORD"
    ]


@pytest.mark.parametrize(
    ("env", "name", "reason"),
    [
        ("DB_PASSWORD=q6xCjmM\n", "DB_PASSWORD", "is shorter than 12 characters"),
        (
            "ADMIN_PASSWORD=the-default-of-the-schema\n",
            "ADMIN_PASSWORD",
            "is the default of .env.example, which everyone can read",
        ),
        (
            "DB_USER=application-owner\nDB_PASSWORD=Application-Owner\n",
            "DB_PASSWORD",
            "is equal to a value that is not secret",
        ),
        (
            "DB_USER=\nADMIN_PASSWORD=Admin_Password\n",
            "ADMIN_PASSWORD",
            "is equal to a value that is not secret",
        ),
        (
            "API_TOKEN=a:q6xCjmMtnGt9LR8j,b:Password123456!\n",
            "API_TOKEN",
            "has a secret that consists of common words",
        ),
        ("QUEUE_URL=amqp://me:guest@q/\n", "QUEUE_URL", "is shorter than 12 characters"),
        ("QUEUE_URL=amqp://me:%67uest%2Dguest%2Dguest@q/\n", "QUEUE_URL", "consists of common words"),
        ("QUEUE_URL=q6xCjmM\n", "QUEUE_URL", "is shorter than 12 characters"),
    ],
)
def test_what_a_user_reads(
    told_by: Callable[..., list[tuple[str, str, str]]], env: str, name: str, reason: str
) -> None:
    assert told_by("weak-secret", env, schema=SCHEMA, strict=True) == [
        (f"{name} {reason}", "an attacker can guess it", f"choose another: invoke env.set {name}")
    ]


def test_what_a_user_reads_of_a_default_of_a_compose_file(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    compose = "services: {app: {image: app, environment: ['P=${DB_PASSWORD:-q6xCjmMtnGt9LR8jGDL1}']}}\n"
    [found] = told_by("weak-secret", "", compose=compose, strict=True)
    assert found[0] == "DB_PASSWORD is the default of a compose file, which everyone can read"


def test_the_name_of_a_service_is_a_common_word(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {sparrowhawk: {image: a}}\n"
    env = "DB_PASSWORD=sparrowhawk-sparrowhawk\n"
    assert found_by("weak-secret", env, compose=compose, strict=True) == ["1:13 error DB_PASSWORD"]
    assert found_by("weak-secret", env, strict=True) == []
