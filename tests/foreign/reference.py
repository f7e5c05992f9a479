"""What plain compose says of a project: the reference that the tasks are held to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.engine.conftest import Project
from tests.engine.twins import plain


@dataclass(frozen=True)
class Seen:
    """A container, as `docker compose ps --all` tells of it.

    Attributes:
        state: `running`, `exited`, `created`, …; `loops` for one that is started again and again.
        code: Its exit code, of one that has ended.
        health: What its health check says.
        ports: The ports in the container that are published, and whether this machine's port was asked for.
    """

    state: str
    code: int
    health: str
    ports: tuple[int, ...]


def seen(project: Project, loops: set[str]) -> dict[str, Seen]:
    """Each container by service and number, as compose tells of it."""
    found = {}
    for each in listed(project):
        service, number = each["Service"], each["Name"].rpartition("-")[2]
        looping = service in loops
        found[f"{service}-{number}"] = Seen(
            "loops" if looping else each["State"],
            0 if looping else each["ExitCode"],
            "" if each["State"] != "running" else each["Health"],
            tuple(sorted({port["TargetPort"] for port in each["Publishers"] or [] if port["PublishedPort"]})),
        )
    return found


def ids(project: Project) -> dict[str, str]:
    """The id of each container by its name without the project's."""
    return {each["Name"].removeprefix(project.name): each["ID"] for each in listed(project)}


def listed(project: Project) -> list[dict[str, Any]]:
    """What `docker compose ps` prints."""
    said = plain(project, "ps", "--all", "--no-trunc", "--format", "json")
    assert said.code == 0, said.err
    return [json.loads(line) for line in said.out.splitlines()]


def lines(project: Project, service: str) -> list[str]:
    """What a service has written, as `docker compose logs` shows it."""
    said = plain(project, "logs", "--no-log-prefix", "--no-color", service)
    assert said.code == 0, said.err
    return said.out.splitlines()
