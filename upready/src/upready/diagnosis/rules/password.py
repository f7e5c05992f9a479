"""A database that refuses the password, mostly because its volume was initialised with another password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.interface import Container
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
_NOT_TOLD = re.compile(r"|localhost|[\d.]+|.*:.*")
"""Hosts that do not tell which service it is: a container has another address after each start."""


def find(evidence: Evidence) -> Finding | None:
    """The client or the database says so. The age of the volume and the two passwords tell why."""
    match = evidence.search(*REFUSED)
    if match is None:
        return None
    name, user = evidence.service.name, match["user"]
    host = match.groupdict().get("host") or ""
    database = evidence.service_at(host) or (_database(evidence, user) if _NOT_TOLD.fullmatch(host) else None)
    if database is None:
        message = f"is refused by {host or 'its database'}: the password of user {user} is not the right one"
        return Finding(message, evidence.then("correct the password in .env"))
    by = "itself" if database == name else database
    variable = _variable(evidence, database, user)
    change = _set(evidence, database, variable)
    health = evidence.others.get(database)
    shown, old = _volumes(evidence, health.container) if health and health.container else ([], None)
    message, step = f"is refused by {by}: the password of user {user} is not the right one", change
    if variable and name != database and _differs(evidence, str(_environment(evidence, database)[variable])):
        message = f"is refused by {by}: its password is not the one that {by} has for user {user}"
        step = evidence.then(f"use the same variable in the environment of {name} and {database}")
    elif old:
        message = (
            f"is refused by {by}: the volume {old} was initialised with another password for user {user}, "
            "and keeps that one"
        )
        step = next_step.either(
            f"with the old password: {change}",
            f"to give the database the new one: invoke exec {database} -- {_client(user, variable, match)}",
            "to go on without any data of the project: invoke stop --volumes",
        )
    return Finding(message, step, shown, blames=None if database == name else database)


def _database(evidence: Evidence, user: str) -> str | None:
    """The database that a service uses: itself, else the one it depends on, else the only one of the stack."""
    found = [name for name in evidence.others if _variable(evidence, name, user)]
    for name in (evidence.service.name, *evidence.service.depends_on):
        if name in found:
            return name
    return found[0] if len(found) == 1 else None


def _environment(evidence: Evidence, name: str) -> Mapping[str, object]:
    """The variables of a service."""
    service = evidence.model.every.get(name)
    return (service.config.get("environment") or {}) if service else {}


def _variable(evidence: Evidence, name: str, user: str) -> str:
    """The variable that gives a database the password of a user; empty for a service that has none."""
    given = _environment(evidence, name)
    ordered = sorted(_SECRETS, key=lambda each: ("ROOT" in each) != (user == "root"))
    return next((each for each in ordered if given.get(each)), "")


def _differs(evidence: Evidence, secret: str) -> bool:
    """Whether a client has another password than this one: in its variables, or in a URL among them."""
    if evidence.service.config.get("secrets"):
        return False  # it may read the password from a file
    return not any(secret in value or secret in unquote(value) for value in evidence.environment.values())


def _client(user: str, variable: str, refusal: re.Match[str]) -> str:
    """The command that gives the refused user another password; it runs in the container of the database."""
    if not refusal[0].lower().startswith("access denied"):
        return f"psql -U {user} -d postgres -c '\\password'"
    program = "mariadb" if variable.startswith("MARIADB") else "mysql"
    return f"{program} -u root -p -e \"ALTER USER '{user}' IDENTIFIED BY 'THE NEW ONE'\""


def _set(evidence: Evidence, database: str, variable: str) -> str:
    """The step that gives the database's password another value."""
    if not variable:
        return evidence.then("correct the password in .env")
    return evidence.assign(database, variable) or evidence.then(f"invoke env.set {variable}")


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
