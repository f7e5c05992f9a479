"""Settings: what is read, what is refused, what is never shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from app.settings import Settings

Make = Callable[..., Settings]


def test_an_empty_variable_counts_as_not_set(settings: Make) -> None:
    made = settings(openrouter_api_key="", postgres_host="", database_url="", mcp_url="")
    assert made.openrouter_api_key is None
    assert not made.database_configured
    assert str(made.mcp_url) == "http://mcp-server:3000/mcp"


@pytest.mark.parametrize("environment", [{"postgres_host": "db"}, {"database_url": "postgres://u:p@h/d"}])
def test_a_database_is_configured_by_its_host_or_its_url(settings: Make, environment: dict[str, str]) -> None:
    assert settings(**environment).database_configured


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"database_url": "mysql://user:hunter22@host/db"}, "database_url"),
        ({"database_url": "hunter22"}, "database_url"),
        ({"database_url": "postgresql://user:hunter22:x@h@:no/db"}, "database_url"),
        ({"database_url": "postgresql://user:hunter22/x@host/db"}, "database_url"),
        ({"mcp_url": "hunter22"}, "mcp_url"),
        ({"postgres_port": "hunter22"}, "postgres_port"),
        ({"log_level": "hunter22"}, "log_level"),
    ],
)
def test_a_wrong_value_is_refused_without_showing_it(
    settings: Make, environment: dict[str, str], variable: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**environment)
    assert caught.value.errors()[0]["loc"] == (variable,)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("secret", ["plain-secret", "p@ss w/rd", 'qu"ote\\d', "per%25cent"])
def test_secrets_are_masked_in_every_form(settings: Make, secret: str) -> None:
    import json
    from urllib.parse import quote

    url = f"postgresql://user:{quote(secret, safe='')}@host:5432/db"
    for made in (
        settings(postgres_password=secret),
        settings(openrouter_api_key=secret),
        settings(database_url=url),
    ):
        for form in (secret, quote(secret, safe=""), json.dumps(secret), repr(secret)):
            masked = made.mask(f"before {form} after")
            assert secret not in masked
            assert "***" in masked
            assert masked.startswith("before ")
        assert secret not in repr(made)
