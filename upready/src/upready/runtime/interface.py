"""The interface of a runtime: a stack runs on a Docker Engine, on a swarm of them, or as processes of this machine.

Tasks, health, logs, diagnosis and reports use a `Runtime` and do not know which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from upready.logs.source import Source

if TYPE_CHECKING:
    from upready.logs import entry
    from upready.runtime.actions import Actions
    from upready.runtime.attempt import Attempt
    from upready.schemas import running
    from upready.stack.model import Model
    from upready.stack.selection import Stack
    from upready.support.pipes import Call

Note = Callable[[str], None]
"""Callback; receives one sentence for the user."""


Line = tuple[list[str], Path | None]
"""The words of a command, and the folder where it is run; None is any."""


def silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Container:
    """One replica of a service: a container, or a process without an engine.

    Attributes:
        id: Unique, also among earlier containers of the same service.
        name: Its name, for people.
        service: The compose service.
        replica: Its number within the service, from 1.
        image: The image as named at creation; without an engine, the program.
        state: created, running, paused, restarting, exited, dead, removing; in Swarm also starting: its health check
            has not passed yet, and its name leads nobody to it.
        health: starting, healthy, unhealthy; empty where there is no health check.
        probes: The last results of its health check, newest last: (exit code, output).
        exit_code: None while it runs or has not run; 126 or 127 also if its command could not be run.
        oom_killed: Whether the kernel ended it for want of memory.
        error: Why it could not be started.
        restarts: How often its restart policy has restarted it.
        started: When it last started; None if never.
        finished: When it last ended; None if never.
        restart_policy: no, always, on-failure, unless-stopped.
        retries: How often an `on-failure` policy restarts it; 0 is without end.
        ports: (host address, host port, protocol, container port) of each published port.
        files: The compose files it was started with.
        profiles: The profiles it was started with; empty on an engine, which does not know them.
        folder: The project's folder when it was started; empty without an engine.
        image_id: The id of that image; empty without an engine.
        revision: The version in the image's labels; None if there is none.
        created: When it was made; None without an engine.
        memory_limit: Bytes it may use; None if there is no limit.
        release: The release that made it; empty if none did.
        environment: The environment of that release; empty if there is none.
        terminal: Whether it has a terminal, which changes the form of its log.
        node: The node of the swarm that it runs on; empty where there is one machine only.
        slot: What it has in common with those that had its place before it, where each start makes another one.
        raw: The engine's whole inspection; without an engine an empty skeleton. Holds secrets.
    """

    id: str
    name: str
    service: str
    replica: int
    image: str
    state: str
    health: str
    probes: tuple[tuple[int, str], ...]
    exit_code: int | None
    oom_killed: bool
    error: str
    restarts: int
    started: datetime | None
    finished: datetime | None
    restart_policy: str = "no"
    retries: int = 0
    ports: tuple[tuple[str, int, str, int], ...] = ()
    files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    folder: str = ""
    image_id: str = ""
    revision: str | None = None
    created: datetime | None = None
    memory_limit: int | None = None
    release: str = ""
    environment: str = ""
    terminal: bool = False
    node: str = ""
    slot: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Origin:
    """Where a container was started, as its labels say: the project's folder, and the compose files.

    Of a release also which repository it is of (`upready.support.repository`), and who made it: `user@host`.
    """

    folder: str
    files: tuple[str, ...] = ()
    repository: str = ""
    by: str = ""


@dataclass(frozen=True)
class Sample:
    """The usage of a container: the time of the sample in seconds, total seconds of CPU, bytes of memory now."""

    moment: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Kept:
    """Something that a stop leaves because others use it, or because its machine cannot be asked.

    Attributes:
        kind: `network` or `volume`; in Swarm also `secret` or `config`.
        name: Its name.
        used_by: Its users.
        node: The node of the swarm that has it; empty for the one whose engine is asked anyway.
    """

    kind: str
    name: str
    used_by: tuple[str, ...]
    node: str = ""

    def as_dict(self) -> running.Kept:
        """The entry under `kept` in the JSON document."""
        return {"kind": self.kind, "name": self.name, "used_by": list(self.used_by), "node": self.node}


@dataclass(frozen=True)
class Stopped:
    """What a stop removed: container names, network names, and what held data.

    Attributes:
        kept: What stays.
        orphans: Containers whose service no compose file names any more.
        backups: The files of the last backups of the data that went.
        nodes: Of the volumes those on other nodes of a swarm, by the node's name.
    """

    project: str
    containers: list[str]
    networks: list[str]
    volumes: list[str]
    kept: list[Kept] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)
    nodes: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def together(cls, several: Sequence[Stopped]) -> Stopped:
        """What several runtimes have removed of one project."""
        return cls(
            several[0].project,
            [each for one in several for each in one.containers],
            [each for one in several for each in one.networks],
            [each for one in several for each in one.volumes],
            [each for one in several for each in one.kept],
            [each for one in several for each in one.orphans],
            nodes={node: names for one in several for node, names in one.nodes.items()},
        )

    def without(self, volumes: Sequence[str]) -> Stopped:
        """The same without some volumes."""
        return replace(self, volumes=[each for each in self.volumes if each not in volumes])

    def less(self, left: Stopped, kept: Sequence[Kept]) -> Stopped:
        """The part that is gone, given what is left."""
        return replace(
            self,
            containers=[each for each in self.containers if each not in left.containers],
            networks=[each for each in self.networks if each not in left.networks],
            volumes=[each for each in self.volumes if each not in left.volumes],
            kept=list(kept),
        )

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `stop`."""
        return {**vars(self), "kept": [each.as_dict() for each in self.kept]}


class LogSource(Source, Protocol):
    """The logs of a project's containers."""

    def origin(self, container: Container) -> entry.Origin:
        """The origin of a replica."""


class Changes(Protocol):
    """What happens to a project, as it happens: (container id, `start`, `die`, `health_status: healthy`, …)."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The changes; ends when it is closed, or silently when the connection drops."""

    def close(self) -> None:
        """End the stream; any thread may call this."""


class Runtime(Protocol):
    """Where a stack runs. Methods that ask an engine raise an `EngineError` if it does not answer."""

    @property
    def name(self) -> str:
        """`docker`, `native` or `swarm`."""

    @property
    def address(self) -> str:
        """Where it is, in words."""

    @property
    def local(self) -> bool:
        """Whether published ports are ports of this machine."""

    def ping(self, timeout: float) -> bool:
        """Whether it still answers within so many seconds."""

    def containers(self, project: str) -> list[Container]:
        """All containers of a project, ended ones included, by service and number."""

    def inspect(self, container: str) -> Container | None:
        """One container by its id; None if it is gone."""

    def changes(self, project: str) -> Changes:
        """The changes in a project from now on."""

    def source(self, project: str, services: Sequence[str] = (), note: Note = silent) -> LogSource:
        """The logs of a project, or of some of its services; `note` gets a sentence about each that cannot be read."""

    def sample(self, container: Container) -> Sample | None:
        """The usage of a running container; None if it has just ended."""

    def owner_of(self, port: int, protocol: str = "tcp", host: str = "") -> tuple[str, str] | None:
        """The (project, name) of a container that publishes a port; None if no container does."""

    def tidy(self, project: str) -> None:
        """End processes that have no record any more; the project's lock must be held."""

    def fit(self, model: Model, tell: Note) -> Model:
        """The part of a model that can run here; `tell` gets a sentence about each part that is left out.

        Raises:
            EngineError: Nothing of it can run here, or a program is missing.
        """

    def actions(self, model: Model) -> Actions:
        """What `start` would do, without doing it; raises if nothing could be started."""

    def start(self, model: Model, attempt: Attempt) -> None:
        """Start what does not run already, in the order that `depends_on` asks for.

        Raises:
            StartError: Something did not start.
        """

    def restart(self, model: Model, services: Sequence[str], attempt: Attempt) -> None:
        """Stop services and start them again, as they are, in the order that `depends_on` asks for."""

    def volumes(self, project: str) -> list[str]:
        """The volumes or folders with a project's data."""

    def stop(
        self,
        project: str,
        *,
        data: bool = False,
        grace: float | None = None,
        stacks: Sequence[Stack] = (),
        tell: Note = silent,
    ) -> Stopped:
        """Stop and remove whatever runs of a project.

        Args:
            project: Compose's project name.
            data: Remove the data too.
            grace: Seconds that each container gets, instead of its own setting.
            stacks: The stacks that it was started from, newest first; what their files demand at a stop is done.
            tell: Gets a sentence about each thing that was not done.
        """

    def present(self, project: str, *, data: bool = False) -> Stopped:
        """What such a stop would remove, as far as nobody else uses it."""

    def origins(self, project: str) -> list[Origin]:
        """The folders from which the project was started, each once; empty if that is always this folder."""

    def command(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Line:
        """The command that `execute` would run, with the same arguments, and the folder where; None is any.

        Raises:
            OpsError: It could not be run.
        """

    def piped(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Call:
        """How the same command is called without a terminal: its input and output are pipes, for any bytes."""

    def execute(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> int:
        """Run a command beside a service, on this terminal; returns its exit code. Without words, a shell.

        Args: the project's name, the container, the words, and what gives the stack if that is needed.
        """
