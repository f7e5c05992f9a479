"""One secret for two purposes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.costly

CASES = [
    pytest.param("A_TOKEN=abcdef\nB_TOKEN=ghijkl\n", [], id="two secrets"),
    pytest.param("A_TOKEN=abcdef\nB_TOKEN='abcdef'\n", ["2:9 warning B_TOKEN"], id="one for both"),
    pytest.param("A_TOKEN=\nB_TOKEN=\n", [], id="both empty"),
    pytest.param("A=abcdef\nB=abcdef\n", [], id="what is no secret"),
    pytest.param("MINE=abcdef\nA_TOKEN=abcdef\n", ["2:9 warning A_TOKEN"], id="as declared"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_reused_secret(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("reused-secret", env, schema="# @sensitive\nMINE=\nA_TOKEN=\nB_TOKEN=\nA=\nB=\n") == expected


G = "q6xCjmMtnGt9LR8jGDL1"


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("MYSQL_ROOT_PASSWORD", "PMA_PASSWORD", False),
        ("MINIO_ROOT_PASSWORD", "S3_SECRET_ACCESS_KEY", False),
        ("MINIO_ROOT_PASSWORD", "APP_S3_MEDIA_UPLOAD_SECRET_ACCESS_KEY", False),
        ("POSTGRES_PASSWORD", "DB_PASSWORD", False),
        ("POSTGRES_PASSWORD", "AUTHENTIK_POSTGRESQL__PASSWORD", False),
        ("POSTGRES_PASSWORD", "PGPASSWORD", False),
        ("MARIADB_PASSWORD", "WORDPRESS_DB_PASSWORD", False),
        ("REDIS_PASSWORD", "CACHE_REDIS_PASSWORD", False),
        ("RABBITMQ_DEFAULT_PASS", "AMQP_PASSWORD", False),
        ("MONGO_INITDB_ROOT_PASSWORD", "MONGODB_PASSWORD", False),
        ("JWT_SECRET", "GOTRUE_JWT_SECRET", False),
        ("ELASTIC_PASSWORD", "KIBANA_PASSWORD", False),
        ("SMTP_PASSWORD", "EMAIL_HOST_PASSWORD", False),
        ("MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD", True),
        ("DB_PASSWORD", "DB_ROOT_PASSWORD", True),
        ("POSTGRES_PASSWORD", "MYSQL_PASSWORD", True),
        ("POSTGRES_PASSWORD", "SECRET_KEY", True),
        ("ACCESS_TOKEN_SECRET", "REFRESH_TOKEN_SECRET", True),
        ("POSTGRES_PASSWORD", "PGADMIN_DEFAULT_PASSWORD", True),
        ("REDIS_PASSWORD", "POSTGRES_PASSWORD", True),
    ],
)
def test_one_password_under_two_names(found_by: Callable[..., list[str]], one: str, other: str, told: bool) -> None:
    for first, second in ((one, other), (other, one)):
        assert bool(found_by("reused-secret", f"{first}={G}\n{second}={G}\n")) == told


@pytest.mark.parametrize("text", ["changethis", "your-secret-key", "postgres", "supersecret", "'<your key>'", "5432"])
def test_placeholders_and_words_are_told_otherwise(found_by: Callable[..., list[str]], text: str) -> None:
    assert found_by("reused-secret", f"SECRET_KEY={text}\nPOSTGRES_PASSWORD={text}\n") == []


def test_a_reference_is_meant_to_be_the_same(found_by: Callable[..., list[str]]) -> None:
    assert found_by("reused-secret", f"A_TOKEN={G}\nB_SECRET=${{A_TOKEN}}\n") == []
    env = f"A_TOKEN={G}\nB_TOKEN={G}\nC_TOKEN=${{A_TOKEN}}\n"
    assert found_by("reused-secret", env) == ["2:9 warning B_TOKEN"]


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    assert told_by("reused-secret", f"A_TOKEN={G}\nB_TOKEN={G}\nC_TOKEN={G}\n") == [
        (
            f"{name} is the same secret as A_TOKEN",
            "whoever learns one of them knows both, and neither can be changed alone",
            f"choose another: invoke env.set {name}",
        )
        for name in ("B_TOKEN", "C_TOKEN")
    ]


def test_a_dollar_in_single_quotes_is_no_reference(found_by: Callable[..., list[str]]) -> None:
    env = f"A_TOKEN='{G}$x'\nB_TOKEN='{G}$x'\n"
    assert found_by("reused-secret", env) == ["2:9 warning B_TOKEN"]


def test_a_second_name_of_any_earlier_one_is_meant(found_by: Callable[..., list[str]]) -> None:
    env = f"A_TOKEN={G}\nPOSTGRES_PASSWORD={G}\nDB_PASSWORD={G}\n"
    assert found_by("reused-secret", env) == ["3:13 warning DB_PASSWORD"]


def test_a_default_of_a_compose_file_is_not_the_users(found_by: Callable[..., list[str]]) -> None:
    compose = f"services: {{a: {{image: a, environment: ['X=${{A_TOKEN:-{G}}}', 'Y=${{B_TOKEN:-{G}}}']}}}}\n"
    assert found_by("reused-secret", "C=1\n", compose=compose) == []
