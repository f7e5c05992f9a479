"""What stands in several documents: the error, the engine, a service, a failure.

A field that is not always there is `NotRequired`. A text within `Annotated` becomes the field's description. More
fields may be added, none is renamed.
"""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict


class OneOf:
    """The texts that a field may have: `Annotated[str, OneOf("docker", "native")]`."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts


Runtime = Annotated[str, OneOf("docker", "native", "swarm")]


class Engine(TypedDict):
    """The engine that was asked."""

    host: Annotated[str | None, "Its address, without a password."]
    context: Annotated[str | None, "The docker context that named it."]
    local: Annotated[bool, "Whether it is this machine's own."]


class Document(TypedDict):
    """What every document may have."""

    engine: NotRequired[
        Annotated[Engine, "The engine that was asked; natively, and where none was asked, it is not there."]
    ]


class Error(TypedDict):
    """A failure that a user can act on."""

    code: Annotated[int, "The exit code of the task."]
    kind: Annotated[
        str,
        OneOf(
            *("error", "usage", "env", "engine", "build", "start", "unhealthy", "rolled-back", "locked", "data"),
            *("refused", "missing", "interrupted"),
        ),
        "The same as a word; error is a bug, code 1.",
    ]
    message: Annotated[str, "What failed and where, in one sentence."]
    details: Annotated[list[str], "The evidence, a line each."]
    next: Annotated[
        str, "What to do about it: a command, or words that end with one; several ways stand on a line each."
    ]


class Failed(Document):
    """A task that did not do what it was to do; its exit code is that of the error."""

    error: Error


class Probe(TypedDict):
    """The answer to the host's probe of a service."""

    url: str
    status_code: int | None
    latency_ms: Annotated[float | None, "Milliseconds until the answer; null where there was none."]
    error: Annotated[str | None, "Why it does not count as an answer; null where it does."]


class Replica(TypedDict):
    """One replica of a service."""

    service: str
    replica: Annotated[int, "Its number, from 1."]
    state: Annotated[str, "The engine's word (running, exited, …), or missing."]
    health: Annotated[
        str | None, "The engine's health check: healthy, unhealthy or starting; null where there is none."
    ]
    ready: bool
    reason: Annotated[str, "Why it is ready, or not: the rest of a sentence that begins with its name."]
    restarts: int
    exit_code: int | None
    probe: Annotated[Probe | None, "The last answer; null where there is no probe."]
    checks: Annotated[Mapping[str, Any], "The checks that the service itself reports, by name."]
    node: NotRequired[Annotated[str, "The node of the swarm that it runs on."]]


class Dependency(TypedDict):
    """A service that another one waits for, by its `depends_on`."""

    service: str
    condition: str
    state: str
    ready: bool
    reason: str


class Memory(TypedDict):
    """Bytes that a container uses, and its limit."""

    used: int | None
    limit: int | None


class Check(TypedDict):
    """One run of a container's health check."""

    exit_code: int
    output: str


class Facts(TypedDict, total=False):
    """What is known of a replica that is not ready."""

    state: str
    health: str | None
    ready: bool
    reason: str
    exit_code: int | None
    exit_meaning: Annotated[str | None, "What the exit code means; null where that is not known."]
    oom_killed: bool
    restarts: int
    started: Annotated[str | None, "When it was started: ISO 8601."]
    finished: str | None
    probe: Probe | None
    failing: Annotated[dict[str, str], "The checks that do not pass, by name."]
    checks: Annotated[list[Check], "The last run of its health check."]
    memory: Memory
    depends_on: list[Dependency]
    log_unread: Annotated[str | None, "Why its log could not be read."]
    log: Annotated[list[str], "The lines of its log that matter."]
    error: Annotated[list[int] | None, "The first line of `log` that is the error, and the line behind its last one."]


class Failure(TypedDict):
    """Why one replica is not ready."""

    service: str
    replica: int
    cause: Annotated[str, "What went wrong, in one word; none where nothing did."]
    message: str
    evidence: Annotated[list[str], "The lines that prove it, then the error from the log, or its last lines."]
    next: Annotated[str, "What to do about it."]
    facts: Facts


class Step(TypedDict):
    """A step that a task would do (`--dry`)."""

    step: Annotated[str, "What would be done: build, create, write, …"]
    of: Annotated[list[str], "What it would be done to."]
    text: Annotated[str, "The same in words."]


class Planned(Document):
    """What a task would do (`--dry`); nothing was done."""

    dry: bool
    task: str
    plan: list[Step]
