"""A database that refuses the password, mostly because its volume was initialised with another password."""

from __future__ import annotations

import re
from collections.abc import Mapping

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.interface import Container
from upready.stack import setting_place
from upready.support import next_step, times

REFUSED = (
    r"connection to server at \"(?P<host>[^\"]+)\"[^\n]*password authentication failed for user \"(?P<user>[^\"]+)\"",
    r"password authentication failed for user [\"'](?P<user>[^\"']+)[\"']",
    r"Access denied for user '(?P<user>[^']+)'@",
)
APART = 3.0
"""A volume that is this many seconds older than its container was made by an earlier container. Made together, they are
less than a second apart, and the time of a volume has whole seconds."""

_SECRETS = ("POSTGRES_PASSWORD", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "MARIADB_PASSWORD", "MARIADB_ROOT_PASSWORD")


def find(evidence: Evidence) -> Finding | None:
    """The client or the database says so. The age of the volume and the two passwords tell why."""
    match = evidence.search(*REFUSED)
    if match is None:
        return None
    name, user = evidence.service.name, match["user"]
    database = evidence.service_at(match.groupdict().get("host") or "") or _database(evidence)
    message = f"is refused by {database or 'its database'}: the password of user {user} is not the right one"
    change = _set(evidence, database) if database else evidence.then("correct the password in .env")
    if database is None:
        return Finding(message, change)
    health = evidence.others.get(database)
    shown, old = _volumes(evidence, health.container) if health and health.container else ([], None)
    secret, step = _secret(evidence, database), change
    if secret and name != database and not any(secret in value for value in evidence.environment.values()):
        message = f"is refused by {database}: its password is not the one that {database} has for user {user}"
        step = evidence.then(f"use the same variable in the environment of {name} and {database}")
    elif old:
        message = (
            f"is refused by {database}: the volume {old} was initialised with another password for user {user}, "
            "and keeps that one"
        )
        step = next_step.either(
            f"with the old password: {change}",
            f"to give the database the new one: invoke exec {database} -- {_client(evidence, database, match)}",
            "to go on without any data of the project: invoke stop --volumes",
        )
    return Finding(message, step, shown, blames=database)


def _database(evidence: Evidence) -> str | None:
    """The database that a service uses: itself, else the one it depends on, else the only one of the stack."""
    found = [name for name in evidence.others if _secret(evidence, name) is not None]
    for name in (evidence.service.name, *evidence.service.depends_on):
        if name in found:
            return name
    return found[0] if len(found) == 1 else None


def _secret(evidence: Evidence, name: str) -> str | None:
    """The password of a service that is a database; None for other services."""
    environment, key = _setting(evidence, name)
    return str(environment[key]) if key else None


def _client(evidence: Evidence, database: str, refusal: re.Match[str]) -> str:
    """The command that gives the refused user another password; it runs in the container of the database."""
    user = refusal["user"]
    if not refusal[0].startswith("Access denied"):
        return f"psql -U {user} -c '\\password'"
    program = "mariadb" if _setting(evidence, database)[1].startswith("MARIADB") else "mysql"
    return f"{program} -u root -p -e \"ALTER USER '{user}' IDENTIFIED BY 'THE NEW ONE'\""


def _set(evidence: Evidence, database: str) -> str:
    """The step that gives the database's password another value."""
    stack, name = evidence.model.stack, _setting(evidence, database)[1]
    if setting_place.find(stack, ("services", database, "environment", name)):
        return evidence.then(setting_place.change(stack, database, ("environment", name)))
    return evidence.then(f"invoke env.set {name}" if name else "correct the password in .env")


def _setting(evidence: Evidence, name: str) -> tuple[Mapping[str, object], str]:
    """The variables of a service, and the name of its database password; empty where it has none."""
    service = {**evidence.model.services, **evidence.model.inactive}.get(name)
    environment = (service.config.get("environment") or {}) if service else {}
    return environment, next((key for key in _SECRETS if environment.get(key)), "")


def _volumes(evidence: Evidence, container: Container) -> tuple[list[str], str | None]:
    """When the volumes of the database were made, in words; and the one that is older than its container."""
    if evidence.docker is None or "Created" not in container.raw:  # or on another node, whose engine has the volumes
        return [], None
    shown, old = [], None
    created = times.moment(container.raw["Created"])
    for mount in container.raw.get("Mounts") or []:
        if mount["Type"] != "volume":
            continue
        volume = evidence.docker.volume(mount["Name"])
        if volume is None:
            continue
        made = times.moment(volume["CreatedAt"])
        shown.append(
            f"volume {mount['Name']} was created {made:%Y-%m-%d %H:%M:%S}, the container {created:%Y-%m-%d %H:%M:%S}"
        )
        if (created - made).total_seconds() > APART:
            old = mount["Name"]
    return shown, old
