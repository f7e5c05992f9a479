"""One cause is one finding, and what is no secret is treated as none by every task."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

from .conftest import Invoke

INVOKE_YAML = "ops: {environments: {dev: {files: [compose.yaml]}}}\n"


@pytest.mark.parametrize(
    ("env", "checks"),
    [
        pytest.param("A_PASSWORD=change-me-strong-password\n", ["placeholder"], id="a placeholder is weak, too"),
        pytest.param("A_SECRET=changethis\nB_SECRET=changethis\n", ["placeholder"] * 2, id="and the same twice"),
        pytest.param("A_SECRET=$(openssl rand -hex 32)\n", ["shell-syntax"], id="a command is no good secret"),
        pytest.param("P: '5432'\n", ["syntax"], id="a colon is read differently"),
        pytest.param("A_SECRET=“hello world, how are you”\n", ["character"], id="quotes are read differently"),
    ],
)
def test_one_finding(make_stack: Callable[..., Stack], env: str, checks: list[str]) -> None:
    assert [each.check for each in check(make_stack(env, schema=env, strict=True)) if each.file == ".env"] == checks


def test_what_is_no_secret_may_stand_on_the_command_line(make_stack: Callable[..., Stack], invoke: Invoke) -> None:
    root = make_stack("MYSQL_RANDOM_ROOT_PASSWORD=no\nNEO4J_AUTH=neo4j/x\n").root
    (root / "invoke.yaml").write_text(INVOKE_YAML, "utf-8")
    assert invoke("env.set", "MYSQL_RANDOM_ROOT_PASSWORD=yes").code == 0
    refused = invoke("env.set", "NEO4J_AUTH=neo4j/q6xCjmMtnGt9")
    assert refused.code == 2 and "is a secret" in refused.err
    shown = invoke("env.show")
    assert "yes" in shown.out and "neo4j/x" not in shown.out


def test_config_is_still_a_model_where_a_password_is_a_word(make_stack: Callable[..., Stack], invoke: Invoke) -> None:
    compose = """\
name: shop
services:
  shop-web:
    image: registry.example.com/shop/web:1
    command: [serve, --password, shop]
    environment: ["PW=${POSTGRES_PASSWORD}", "URL=postgres://shop:${POSTGRES_PASSWORD}@shop-db/shop"]
    volumes: ["./shop:/srv/shop"]
"""
    root = make_stack("POSTGRES_PASSWORD=shop\n", compose=compose).root
    (root / "invoke.yaml").write_text(INVOKE_YAML, "utf-8")
    shown = invoke("config").out
    for part in ("name: shop\n", "registry.example.com/shop/web:1", "target: /srv/shop", "shop-web:"):
        assert part in shown
    assert "PW: '********'" in shown
    assert "postgres://shop:********@shop-db/shop" in shown
    assert shown.count("- shop\n") == 0
