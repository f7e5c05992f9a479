"""The documents of tasks that start and stop a stack, and tell how it is."""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from upready.schemas.parts import Document, Error, Failure, OneOf, Planned, Replica, Runtime


class Health(Document):
    """All services of a project at one moment."""

    project: str
    environment: str
    runtime: Runtime
    status: Annotated[
        str,
        OneOf("healthy", "degraded", "unhealthy", "stopped"),
        "healthy; degraded (all are ready, a part of one does not work); unhealthy; stopped (nothing runs).",
    ]
    services: list[Replica]


class Launch(Health):
    """How a start ended."""

    ready_in: Annotated[
        float, "Seconds from the start of the containers until every service was ready, or until the end."
    ]
    urls: Annotated[dict[str, str], "What to open, by name."]
    release: Annotated[str | None, "The release, or the revision that the images are built of."]
    failures: Annotated[list[Failure], "Why services are not ready; empty when all are."]
    continues: Annotated[list[str], "Services that compose still starts, in the background."]
    backup: NotRequired[Annotated[str, "The file of the backup that was made before migrations."]]
    error: NotRequired[Annotated[Error, "What the task ends with; not there when every service is ready."]]


class EnvFile(TypedDict):
    """What a start would write into `.env`: the names of variables."""

    written: bool
    generated: list[str]
    taken_back: NotRequired[list[str]]


class PlannedImage(TypedDict):
    """Where a service's image would come from."""

    service: str
    image: str
    provide: str


class PlannedAction(TypedDict):
    """What a start would do to one service."""

    service: str
    action: Annotated[str, "recreate, create, restart, remove, start, provide or unchanged."]
    containers: list[str]
    reasons: list[str]
    variables: list[str]
    command: Annotated[list[str], "Natively, the program and its arguments."]
    directory: str


class PlannedService(PlannedAction):
    """The same, and when it would count as ready."""

    ready: Annotated[str | None, "When it would count as ready, in words."]


class PlannedResource(TypedDict):
    """A network or a volume that would be created, removed or recreated."""

    kind: str
    name: str
    action: str


class LaunchPlan(Planned):
    """What a start would do (`--dry`)."""

    project: str
    environment: str
    runtime: Runtime
    env_file: EnvFile
    images: list[PlannedImage]
    services: list[PlannedService]
    resources: list[PlannedResource]
    orphans: list[str]
    timeout: float
    runs_migrations: Annotated[list[str], "The services whose migrations a release would run."]
    backs_up: Annotated[list[str], "What would be backed up before: services, and volumes of those that do not run."]


class Kept(TypedDict):
    """Something that a stop leaves because others use it, or because its machine cannot be asked."""

    kind: str
    name: str
    used_by: list[str]
    node: Annotated[str, "The node of the swarm that has it; empty for the one whose engine is asked anyway."]


class Stopped(Document):
    """What a stop removed."""

    project: str
    containers: list[str]
    networks: list[str]
    volumes: list[str]
    kept: list[Kept]
    orphans: list[str]
    backups: list[str]
    nodes: Annotated[dict[str, list[str]], "Of the volumes those on other nodes of a swarm, by the node's name."]


class StopPlan(Planned, Stopped):
    """What a stop would remove (`--dry`)."""


class Diagnosis(Document):
    """Why services are not ready, the root cause first."""

    project: str
    status: Annotated[str, OneOf("healthy", "degraded", "unhealthy", "stopped")]
    diagnoses: list[Failure]
    warnings: Annotated[list[str], "The checks that do not pass in services that are ready."]


class Port(TypedDict):
    """A published port."""

    host: str
    published: int
    protocol: str
    target: int


class Container(TypedDict):
    """One container, or natively one process."""

    service: str
    replica: int
    container: str
    image: str
    revision: Annotated[str | None, "The commit that its image is built of; null where that is not known."]
    state: str
    health: str | None
    uptime_seconds: float | None
    restarts: int
    cpu_percent: float | None
    memory: Annotated[int | None, "Bytes; null where it does not run."]
    memory_limit: int | None
    ports: list[Port]
    orphan: Annotated[bool, "Whether no compose file names its service any more."]
    node: NotRequired[Annotated[str, "The node of the swarm that it runs on."]]


class Status(Document):
    """What runs of a project."""

    project: str
    environment: Annotated[str | None, "Null where it is not known."]
    runtime: Runtime
    services: list[Container]


class LogLine(TypedDict):
    """One log entry."""

    time: Annotated[str, "When the engine received its first line: RFC 3339, UTC."]
    service: str
    replica: int
    stream: Annotated[str, OneOf("stdout", "stderr")]
    level: Annotated[
        Annotated[str, OneOf("trace", "debug", "info", "warning", "error", "critical")] | None,
        "null where the text does not tell.",
    ]
    message: Annotated[str, "The message of a JSON line; else the text."]
    fields: Annotated[Mapping[str, Any], "The other fields of a JSON line."]


class Logs(Document):
    """The log entries that `invoke mcp` gives at once."""

    lines: Annotated[list[LogLine], "In time order."]
    left_out: Annotated[int, "So many entries before them were left out: too long for one answer."]
    error: NotRequired[Annotated[Error, "Why there are no more."]]


class Link(TypedDict):
    """An address that a browser can open."""

    name: str
    url: str
    service: str


class Links(Document):
    """What can be opened of the stack that runs."""

    links: list[Link]
