"""Turn a compose model into what the engine's API takes for Swarm: services, networks, secrets and configs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upready.runtime.swarm import container, endpoint, files, losses, names, networks, scheduling, units
from upready.runtime.swarm.files import File, Lookup
from upready.runtime.swarm.losses import Loss
from upready.stack.service import unescape

COMPLETED = "service_completed_successfully"


@dataclass(frozen=True)
class Service:
    """A service of Swarm.

    Attributes:
        key: Its name in the compose file.
        spec: Its `ServiceSpec`; references to secrets and configs have names, and no ids yet.
        after: The services that it waits for at the first start, each with compose's condition.
        job: Whether its tasks end by themselves.
        restarted_after: The services after whose change it is restarted (`depends_on.restart`).
    """

    key: str
    spec: Mapping[str, Any]
    after: Mapping[str, str]
    job: bool
    restarted_after: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in Swarm."""
        return str(self.spec["Name"])


@dataclass(frozen=True)
class Translation:
    """A whole stack.

    Attributes:
        project: Its name.
        services: By their names in the compose file.
        networks: What the API gets for each network to make.
        files: The secrets and configs, external ones too.
        losses: What is lost, all of it accepted.
        notes: Sentences for the user about what is different.
    """

    project: str
    services: Mapping[str, Service]
    networks: Mapping[str, Mapping[str, Any]]
    files: tuple[File, ...]
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]


def of(
    raw: Mapping[str, Any],
    directory: Path,
    lookup: Lookup,
    *,
    accepted: Collection[str] = (),
    mesh: bool = True,
) -> Translation:
    """Translate a stack.

    Args:
        raw: The model, as `docker compose config` prints it.
        directory: Compose's project directory.
        lookup: The variables of which secrets and configs are made.
        accepted: The keys whose loss is accepted (see `losses.check`).
        mesh: Whether the kernels of all nodes have IPVS (see `endpoint.of`).

    Raises:
        UsageError: Something would be lost that is not accepted, or a value cannot be used. All is checked before.
    """
    lost = losses.check(raw, accepted)
    model = unescape(dict(raw))
    project = str(model["name"])
    known = {kind: files.of(model, kind, project, lookup) for kind in files.LIMITS}
    entries: Mapping[str, Mapping[str, Any]] = {
        name: entry for name, entry in (model.get("services") or {}).items() if not entry.get("provider")
    }
    one_shots = {
        other
        for entry in entries.values()
        for other, how in (entry.get("depends_on") or {}).items()
        if how["condition"] == COMPLETED
    }
    services = {}
    for name, entry in entries.items():
        kind = scheduling.mode(entry, one_shot=name in one_shots)
        spec = _spec(name, entry, model, directory, known, kind, mesh=mesh)
        waits = {each: how for each, how in (entry.get("depends_on") or {}).items() if each in entries}
        services[name] = Service(
            name,
            spec,
            {each: how["condition"] for each, how in waits.items()},
            kind in scheduling.JOBS,
            tuple(each for each, how in waits.items() if how.get("restart")),
        )
    return Translation(
        project,
        services,
        networks.of(model, project),
        tuple(each for kind in known.values() for each in kind.values()),
        tuple(lost),
        tuple(f"{name}: {each}" for name, entry in entries.items() for each in endpoint.notes(entry, mesh=mesh)),
    )


def _spec(
    name: str,
    entry: Mapping[str, Any],
    model: Mapping[str, Any],
    directory: Path,
    known: Mapping[str, Mapping[str, File]],
    kind: str,
    *,
    mesh: bool,
) -> dict[str, Any]:
    """The `ServiceSpec` of one service."""
    project = str(model["name"])
    job = kind in scheduling.JOBS
    image = str(entry.get("image") or f"{project}-{name}")
    logging = entry.get("logging") or {}
    task = {
        "ContainerSpec": container.of(entry, image, project, directory, model.get("volumes") or {}, known),
        "Resources": scheduling.resources(entry),
        "RestartPolicy": scheduling.restart_policy(entry, job=job),
        "Placement": scheduling.placement(entry),
        "LogDriver": units.stripped({"Name": logging.get("driver"), "Options": logging.get("options")}),
        "Networks": networks.attachments(name, entry, model, project),
    }
    spec = {
        "Name": names.service(project, name),
        "Labels": {**((entry.get("deploy") or {}).get("labels") or {}), names.STACK: project, names.IMAGE: image},
        "TaskTemplate": units.stripped(task),
        "Mode": scheduling.count(entry, kind),
        "EndpointSpec": endpoint.of(entry, mesh=mesh),
    }
    if not job:
        # Swarm refuses both for a job.
        spec["UpdateConfig"] = scheduling.replacement(entry)
        spec["RollbackConfig"] = scheduling.replacement(entry, back=True)
    return units.stripped(spec)
