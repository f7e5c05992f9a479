"""Secrets that are ordinary words: masked as values, not within names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from upready.secrets import ordinary
from upready.secrets.secret import MASK


@pytest.fixture(autouse=True)
def _nothing_spared() -> Iterator[None]:
    ordinary.forget()
    yield
    ordinary.forget()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("docker pull none/shop:16", None),
        ("registry.example.com/shop/web:1", None),
        ("./shop:/srv/shop", None),
        ("service shop is ready", None),
        ("mode=shop", None),
        ("password=shop", f"password={MASK}"),
        ("PGPASSWORD=shop psql", f"PGPASSWORD={MASK} psql"),
        ("password: shop", f"password: {MASK}"),
        ('{"password": "shop"}', f'{{"password": "{MASK}"}}'),
        ("redis-server --requirepass shop --port 1", f"redis-server --requirepass {MASK} --port 1"),
        ("redis-cli -a shop ping", f"redis-cli -a {MASK} ping"),
        ("mysqladmin ping -pshop", f"mysqladmin ping -p{MASK}"),
        ("postgres://shop:shop@shop:5432/shop", f"postgres://shop:{MASK}@shop:5432/shop"),
        ("password=shopping", f"password={MASK}"),
        ("a shop-window", None),
    ],
)
def test_an_ordinary_word_is_masked_where_it_is_a_value(text: str, shown: str | None) -> None:
    assert ordinary.masked(text, ["shop"]) == (text if shown is None else shown)


def test_any_other_secret_is_masked_wherever_it_stands() -> None:
    assert ordinary.masked("x/q6xCjmMtnGt9/y", ["q6xCjmMtnGt9"]) == f"x/{MASK}/y"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("POSTGRES_USER", "postgres"), ("DB_NAME", "postgres"), ("DATABASE_HOST", "postgres"), ("COPY", MASK)],
)
def test_a_value_that_is_the_word_itself(name: str, shown: str) -> None:
    assert ordinary.masked_value(name, "postgres", ["postgres"]) == shown


def test_what_a_model_names_is_ordinary() -> None:
    model = {
        "name": "planka",
        "services": {
            "board": {
                "image": "ghcr.io/plankanban/planka:1.2",
                "volumes": [{"type": "bind", "source": "./avatars", "target": "/app/avatars"}],
                "environment": {"POSTGRES_USER": "kanban", "POSTGRES_PASSWORD": "hidden-word", "DB_NAME": "Zq7vT2mX9k"},
            }
        },
    }
    ordinary.spare(ordinary.words(model))
    for word in ("planka", "board", "plankanban", "avatars", "kanban"):
        assert ordinary.is_ordinary(word), word
    # What looks generated is a secret, whatever else has it.
    assert not ordinary.is_ordinary("hidden-word")
    assert not ordinary.is_ordinary("Zq7vT2mX9k")
    ordinary.forget()
    assert not ordinary.is_ordinary("plankanban")
