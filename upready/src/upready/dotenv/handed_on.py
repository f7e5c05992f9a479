"""Variables of `.env` that services get as they are: in their environment, or as the file of a secret.

So a container that is still there shows what stood in a `.env` that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from upready.dotenv import service_environment
from upready.envfile.references import expand, references

_INITIAL = """
POSTGRES_PASSWORD POSTGRESQL_PASSWORD POSTGRESQL_POSTGRES_PASSWORD PGADMIN_DEFAULT_PASSWORD
MYSQL_PASSWORD MYSQL_ROOT_PASSWORD MARIADB_PASSWORD MARIADB_ROOT_PASSWORD
MONGO_INITDB_ROOT_PASSWORD MONGODB_ROOT_PASSWORD MONGODB_PASSWORD NEO4J_AUTH ARANGO_ROOT_PASSWORD ORACLE_PASSWORD
ORACLE_PWD MSSQL_SA_PASSWORD SA_PASSWORD ELASTIC_PASSWORD OPENSEARCH_INITIAL_ADMIN_PASSWORD RABBITMQ_DEFAULT_PASS
RABBITMQ_ERLANG_COOKIE DOCKER_INFLUXDB_INIT_PASSWORD DOCKER_INFLUXDB_INIT_ADMIN_TOKEN GF_SECURITY_ADMIN_PASSWORD
KEYCLOAK_ADMIN_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD N8N_ENCRYPTION_KEY LDAP_ADMIN_PASSWORD LDAP_CONFIG_PASSWORD
"""
INITIAL = frozenset(_INITIAL.split())
"""What images call the secrets with which they initialise their data, once: another value later is no use."""

_DATA = ("/var/lib", "/data", "/bitnami", "/opt/oracle/oradata", "/var/opt/mssql")
"""The folders in which images keep data; another folder of this machine that is mounted may be source code."""


@dataclass(frozen=True)
class Copy:
    """A variable that a service gets as it is.

    Attributes:
        variable: Its name in `.env`.
        service: The service.
        key: Its name in the service's environment; empty for a secret's file.
        path: That file's path in the container; empty for a variable of the environment.
        text: The value as the compose file has it: `${NAME:-default}`.
    """

    variable: str
    service: str
    key: str = ""
    path: str = ""
    text: str = ""


@dataclass(frozen=True)
class Place:
    """Where a service keeps data: a named volume of the engine, or a folder of this machine that is mounted."""

    service: str
    volume: str = ""
    folder: str = ""


def copies(merged: Mapping[str, Any], names: Set[str], env_file: Path, folder: Path) -> list[Copy]:
    """The copies of some variables.

    Args:
        merged: The model that compose has merged but not interpolated (`usages.merge`).
        names: The variables.
        env_file: The project's `.env`: who gets all of it gets each of them.
        folder: The project directory.
    """
    services: Mapping[str, Mapping[str, Any]] = merged.get("services") or {}
    whole = service_environment.whole_files(services, folder, {})
    given = {each.service: each.own for each in whole if each.path == env_file}
    found = [Copy(name, service, name) for service, own in given.items() for name in sorted(names - own)]
    for name, service in services.items():
        found += (each for each in _in_environment(name, service) if each.variable in names)
        found += (each for each in _in_files(name, service, merged.get("secrets") or {}) if each.variable in names)
    return found


def places(merged: Mapping[str, Any], project: str, given: Mapping[str, str], folder: Path) -> list[Place]:
    """Where services keep data.

    Args:
        merged: As in `copies`.
        project: Compose's project name.
        given: The variables, for names that contain some.
        folder: The project directory.
    """
    found = []
    volumes: Mapping[str, Mapping[str, Any] | None] = merged.get("volumes") or {}
    for name, service in (merged.get("services") or {}).items():
        for mount in service.get("volumes") or []:
            source = expand(str(mount.get("source") or ""), given) if isinstance(mount, Mapping) else ""
            if source and mount.get("type") == "volume":
                entry = volumes.get(source) or {}
                own = source if entry.get("external") else f"{project}_{source}"
                found.append(Place(name, volume=expand(str(entry.get("name") or own), given)))
            elif source and mount.get("type") == "bind" and str(mount.get("target")).startswith(_DATA):
                found.append(Place(name, folder=str(folder / source)))
    return found


def _in_environment(name: str, service: Mapping[str, Any]) -> Iterator[Copy]:
    for key, value in service_environment.pairs(service.get("environment")):
        if value is None:
            yield Copy(key, name, key, text=f"${{{key}}}")
        elif isinstance(value, str) and (variable := _whole(value)):
            yield Copy(variable, name, key, text=value)


def _in_files(name: str, service: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[Copy]:
    for mount in service_environment.listed(service.get("secrets")):
        entry = mount if isinstance(mount, Mapping) else {"source": mount}
        held = secrets.get(str(entry.get("source"))) or {}
        if isinstance(held.get("environment"), str):
            path = PurePosixPath("/run/secrets", str(entry.get("target") or entry.get("source")))
            yield Copy(held["environment"], name, path=str(path))


def _whole(text: str) -> str:
    """The variable that a text consists of: `${NAME}`, `${NAME:-default}`, `$NAME`; empty for any other text."""
    first = next(references(text), None)
    return first.name if first and text in (first.expression, f"${first.name}") else ""
