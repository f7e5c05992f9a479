"""All settings in one typed class, read once from the environment."""

from __future__ import annotations

import json
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import addresses, keys
from app.keys import ApiKey

POSTGRES_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
ANY_MODEL = "*"
MODEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:/@~-]{0,199}$"
SHORTEST_MASKED = 4  # characters; to mask a shorter secret would make messages unreadable


class Settings(BaseSettings):
    """The settings of one process. A variable that is empty counts as not set.

    Raises:
        pydantic.ValidationError: A value has the wrong form; its message never holds the value.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    # Before the keys, whose validator reads it.
    api_allow_anonymous: bool = Field(default=False, description="Whether a caller without a key may do everything.")
    api_keys: SecretStr | None = Field(default=None, validate_default=True, description="As `app.keys` reads them.")
    api_hosts: Annotated[tuple[str, ...], NoDecode] = Field(default=(), description="Names it is asked for under.")
    api_origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), description="Other sites that may use it.")
    forwarded_allow_ips: str = Field(default="", description="Proxies that are believed; uvicorn reads it itself.")
    forwarded_allow_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="The same by their names, which `app.proxies` looks up."
    )

    openrouter_api_key: SecretStr | None = None
    openrouter_base_url: AnyHttpUrl = AnyHttpUrl("https://openrouter.ai/api/v1")
    openrouter_model: str = Field(default="openrouter/auto", description="Where a request names none.")
    generation_attempts: int = Field(default=3, ge=1, le=10, description="Answers of the model, for one diagram.")
    generation_timeout: float = Field(default=90, gt=0, le=900, description="Seconds, for all attempts together.")
    llm_models: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(ANY_MODEL,), description="What requests may name beside OPENROUTER_MODEL."
    )
    llm_daily_requests: int | None = Field(default=None, ge=0, description="Calls of the model; None: any number.")
    llm_max_tokens: int | None = Field(default=None, ge=1, description="Of one answer; None: as the provider has it.")

    database_url: SecretStr | None = None
    postgres_host: str | None = None
    postgres_port: int = Field(default=5432, ge=1, le=65535)
    postgres_user: str = "ba_copilot"
    postgres_password: SecretStr = SecretStr("")
    postgres_db: str = "ba_copilot"

    api_requests_per_minute: int | None = Field(default=None, ge=1, description="Of one caller; None: any number.")
    web_concurrency: int = Field(default=1, ge=1, description="How many workers there are.")

    mcp_url: AnyHttpUrl = AnyHttpUrl("http://mcp-server:3000/mcp")

    page_node: Path | None = Field(default=None, description="Builds the page when it is asked for; in development.")

    debug: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "text"] = "json"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            keys.parse(value.get_secret_value())
        elif not info.data.get("api_allow_anonymous"):
            raise ValueError(
                "nobody could use the service: give name:key (a key has at least "
                f"{keys.SHORTEST} characters), or set API_ALLOW_ANONYMOUS=true, which lets everybody in"
            )
        return value

    @field_validator("api_hosts", "api_origins", "forwarded_allow_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("api_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(addresses.host, value))

    @field_validator("api_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(addresses.origin, value))

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _are_proxies(cls, value: str) -> str:
        for each in filter(None, map(str.strip, value.split(","))):
            addresses.proxy(each)
        return value

    @field_validator("forwarded_allow_hosts")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(addresses.name, value))

    @field_validator("llm_models", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = value.replace(",", " ").split()
        if not all(name == ANY_MODEL or re.fullmatch(MODEL_NAME, name) for name in names):
            raise ValueError("must be names of models with commas between them, or * for all")
        return names

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in POSTGRES_SCHEMES:
            raise ValueError("must be a PostgreSQL URL: postgresql://user:password@host:port/database")
        try:
            parts.port  # noqa: B018 - reading it checks it
        except ValueError:
            raise ValueError("its port is not a number; is a character of its password not percent-encoded?") from None
        return value

    @cached_property
    def keys(self) -> tuple[ApiKey, ...]:
        """The API keys that are accepted."""
        return keys.parse(self.api_keys.get_secret_value()) if self.api_keys is not None else ()

    @property
    def database_configured(self) -> bool:
        """Whether a database is configured. Without one (profile ai-only) the service works, but stores nothing."""
        return self.database_url is not None or self.postgres_host is not None

    @cached_property
    def _secrets(self) -> list[str]:
        """The values of all secrets in each form that a message may have: raw, URL-quoted, escaped. Longest first."""
        values = {self.postgres_password.get_secret_value()}
        if self.openrouter_api_key is not None:
            values.add(self.openrouter_api_key.get_secret_value())
        if self.api_keys is not None:
            values.update(keys.texts(self.api_keys.get_secret_value()))
        if self.database_url is not None:
            # Not by a URL parser: the password of an invalid URL must be masked too.
            authority = self.database_url.get_secret_value().partition("://")[2].rpartition("@")[0]
            values.add(authority.partition(":")[2])
        values |= {unquote(value) for value in values} | {quote(value, safe="") for value in values}
        values |= {json.dumps(value)[1:-1] for value in values} | {repr(value)[1:-1] for value in values}
        return sorted((value for value in values if len(value) >= SHORTEST_MASKED), key=len, reverse=True)

    def mask(self, text: str) -> str:
        """The text with `***` in place of the values of all secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read from the environment on first use."""
    return Settings()
