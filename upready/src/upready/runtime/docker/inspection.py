"""The engine's description of one container (`docker inspect`) as a `Container`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from upready.runtime.interface import Container, Origin
from upready.secrets import masking
from upready.support import times

SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
FILES = "com.docker.compose.project.config_files"
FOLDER = "com.docker.compose.project.working_dir"
"""Labels that compose puts on every container: `FILES` holds the absolute paths of its files, comma-separated,
`FOLDER` that of the project's folder."""

RELEASE = "upready.release"
ENVIRONMENT = "upready.environment"
REPOSITORY = "upready.repository"
BY = "upready.by"
"""Labels of containers that a release made: its name, its environment, its repository, and who made it."""


def container(raw: Mapping[str, Any]) -> Container:
    """The container that an inspection, the engine's own JSON, describes."""
    state, config, host = raw["State"], raw["Config"], raw["HostConfig"]
    labels = config.get("Labels") or {}
    health = state.get("Health") or {}
    masking.know_container(raw)
    return Container(
        id=raw["Id"],
        name=raw["Name"].lstrip("/"),
        service=labels.get(SERVICE, ""),
        replica=_number(labels.get(NUMBER, "")),
        image=config["Image"],
        state=state["Status"],
        health=health.get("Status", "").replace("none", ""),
        probes=_probes(state),
        exit_code=_exit_code(state),
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error", ""),
        restarts=raw.get("RestartCount", 0),
        started=_time(state["StartedAt"]),
        finished=_time(state["FinishedAt"]),
        restart_policy=(host.get("RestartPolicy") or {}).get("Name") or "no",
        retries=int((host.get("RestartPolicy") or {}).get("MaximumRetryCount") or 0),
        ports=_ports((raw.get("NetworkSettings") or {}).get("Ports") or {}),
        files=tuple(filter(None, labels.get(FILES, "").split(","))),
        folder=labels.get(FOLDER, ""),
        image_id=raw["Image"],
        revision=labels.get("org.opencontainers.image.revision") or labels.get("org.opencontainers.image.version"),
        created=_time(raw["Created"]) if raw.get("Created") else None,
        memory_limit=host.get("Memory") or None,
        release=labels.get(RELEASE, ""),
        environment=labels.get(ENVIRONMENT, ""),
        terminal=bool(config.get("Tty")),
        raw=raw,
    )


def origin(labels: Mapping[str, str]) -> Origin:
    """Where a container was started, from its labels."""
    files = tuple(filter(None, labels.get(FILES, "").split(",")))
    return Origin(labels.get(FOLDER, ""), files, labels.get(REPOSITORY, ""), labels.get(BY, ""))


def _number(label: str) -> int:
    """A replica's number; 1 if the label was written by hand and is not a number."""
    return int(label) if re.fullmatch(r"[1-9][0-9]{0,8}", label) else 1


def _probes(state: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    """The results of the health check since the container last started; the engine also keeps earlier ones."""
    started = _time(state["StartedAt"])
    results = [(_time(each.get("Start", "")), each) for each in (state.get("Health") or {}).get("Log") or []]
    return tuple(
        (each["ExitCode"], each["Output"]) for at, each in results if at is None or started is None or at >= started
    )


def _exit_code(state: Mapping[str, Any]) -> int | None:
    if state["Status"] in ("running", "paused"):
        return None
    # A container that could not be started stays `created`. Then 126 and 127 say why; 128 means any other reason.
    told = state["Status"] != "created" or (state.get("Error") and state["ExitCode"] in (126, 127))
    return int(state["ExitCode"]) if told else None


def _ports(ports: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[tuple[str, int, str, int], ...]:
    found = []
    for inner, published in ports.items():
        target, _, protocol = inner.partition("/")
        found += [(each["HostIp"], int(each["HostPort"]), protocol, int(target)) for each in published or ()]
    return tuple(sorted(found, key=lambda port: (port[3], port[1], port[0])))


def _time(text: str) -> datetime | None:
    """A time of the engine; None for the year 1, which means "never", and for a text that is not a time."""
    with contextlib.suppress(ValueError):
        return None if text.startswith("0001") else times.moment(text)
    return None
