"""The stack as containers of a Docker Engine: what the engine tells, and what compose does, behind one face."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import background, compose, engine, model_secrets, process, runtime, secrecy, statistics
from ops.engine import ONE_OFF, PROJECT, Engine, answering
from ops.errors import EngineError, StartError
from ops.runtime import Container, Note, Sample, Stopped, silent
from ops.stack import Stack

if TYPE_CHECKING:
    from ops.logs.source import Source
    from ops.model import Model

_ITS_OWN = ("post_start", "provider")
"""What only compose itself can do while it starts a service: run commands in it, or let another program provide it."""


class Containers(Engine):
    """A project's containers on one engine; see `ops.runtime.Runtime`."""

    name = runtime.DOCKER

    def changes(self, project: str) -> Changes:
        """The engine's events, without those that say nothing of a container's state."""
        return Changes(self.events(project))

    def source(self, project: str, services: Sequence[str] = (), note: Note = silent) -> Source:
        """The logs, from the engine."""
        from ops.logs import containers

        return containers.Containers(self, project, services, note)

    def sample(self, container: Container) -> Sample | None:
        """One sample of the engine's statistics."""
        return statistics.sample(self, container)

    def tidy(self, project: str) -> None:
        """An engine loses nothing."""

    def fit(self, stack: Stack, model: Model, tell: Note) -> Model:
        """An engine runs everything. Containers may hold secrets that this shell no longer has."""
        secrecy.know(("injected", stack.project), lambda: model_secrets.injected(self, stack.project, model))
        return model

    def start(self, stack: Stack, model: Model, cancel: threading.Event) -> None:
        """Let compose make the containers of a stack whose images are there, and start each when it may.

        Compose would look only twice a second whether that is so, believe nothing but the engine's health check, and
        give up on all services once one is unhealthy.

        Raises:
            OpsError: What compose or the engine says.
        """
        from ops import dependencies

        # Compose's own no-op takes half a second where services wait for each other.
        if background.unless(cancel, lambda: self.unchanged(stack, model)) is not False:
            return
        quietly = ("--no-build", "--quiet-pull")
        if any(key in service.config for service in model.wanted for key in _ITS_OWN):
            self._compose(stack, cancel, "up", "--detach", *quietly)
            return
        self._compose(stack, cancel, "create", *quietly)
        made = background.unless(cancel, lambda: self.containers(stack.project))
        if made is None:
            return
        dependencies.start(self, model.wanted, made, cancel)

    def unchanged(self, stack: Stack, model: Model) -> bool:
        """Whether every active service already runs just as its model and image say, so that `up` changes nothing.

        Told by the labels that compose itself compares: the hash of the service's model, and the image's id.
        """
        containers = self.containers(stack.project)
        wanted = model.wanted
        found = {name: [each for each in containers if each.service == name] for name in model.services}
        if any(len(found[service.name]) != service.replicas for service in wanted):
            return False
        hashes = model.fingerprints() if model.fingerprints else compose.fingerprints(stack)
        images = {service.name: self.image_id(service.image) for service in wanted}
        return all(
            each.state == "running"
            and each.health in ("", "healthy")
            and each.fingerprint == hashes.get(service.name)
            and each.image_id == images[service.name]
            for service in wanted
            for each in found[service.name]
        )

    def restart(self, stack: Stack, model: Model, services: Sequence[str], cancel: threading.Event) -> None:
        """Restart containers in place, without building or changing them.

        Raises:
            OpsError: What compose says.
        """
        self._compose(stack, cancel, "restart", *services)

    def volumes(self, project: str) -> list[str]:
        """The named volumes of a project."""
        with answering():
            found = self.client.api.volumes(filters={"label": f"{PROJECT}={project}"})
        return sorted(each["Name"] for each in found.get("Volumes") or [])

    def networks(self, project: str) -> list[str]:
        """The networks of a project."""
        with answering():
            found = self.client.api.networks(filters={"label": f"{PROJECT}={project}"})
        return sorted(each["Name"] for each in found)

    def stop(self, project: str, *, data: bool = False, grace: float | None = None) -> Stopped:
        """Stop and remove whatever runs: every environment, profile and one-off container."""
        with answering():
            containers = self.client.api.containers(all=True, filters={"label": f"{PROJECT}={project}"})
        gone = Stopped(
            project,
            sorted(each["Names"][0].lstrip("/") for each in containers),
            self.networks(project),
            self.volumes(project) if data else [],
        )
        if not (gone.containers or gone.networks or gone.volumes):
            return gone
        # Compose knows a project by its labels alone; run where no compose file or `.env` can get in its way.
        arguments = ["down", "--remove-orphans"]
        if data:
            arguments.append("--volumes")
        if grace is not None:
            arguments += ["--timeout", str(round(grace))]
        result = process.run(compose.project_command(project, *arguments), cwd=Path(Path.home().anchor))
        if result.code:
            error = compose.failure(result.stderr)
            raise error if isinstance(error, EngineError) else EngineError(error.message, details=error.details)
        # Without files, `down` knows no volume of a service that has no container.
        for each in self.volumes(project) if data else []:
            with answering():
                self.client.api.remove_volume(each)
        return gone

    def execute(self, stack: Stack, container: Container, words: Sequence[str]) -> int:
        """Run a command within a container."""
        line = compose.command(stack, "exec", "--index", str(container.replica))
        if not sys.stdin.isatty():
            line.append("--no-TTY")
        return process.attach([*line, container.service, *(words or ["sh"])], cwd=stack.root, env=stack.variables)

    def _compose(self, stack: Stack, cancel: threading.Event, *arguments: str) -> None:
        """Let compose change something, until `cancel` is set."""
        said: list[str] = []
        line = compose.command(stack, *arguments)
        code = process.stream(line, said.append, cwd=stack.root, env=stack.variables, cancel=cancel)
        if code and not cancel.is_set():
            raise compose.failure("\n".join(said), StartError)


class Changes:
    """A stream of the engine's events, reduced to what is asked of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The container's id, and the engine's word for what happened; not of `compose run`, which is no replica."""
        for event in self._stream:
            actor = event["Actor"]
            if actor["Attributes"].get(ONE_OFF) != "True":
                yield actor["ID"], event["Action"]

    def close(self) -> None:
        """End it: reading it is the one thing that would wait without end."""
        self._stream.close()


def connect(timeout: float = 10.0, patience: float | None = None) -> Containers:
    """Connect to the engine; see `engine.connect`."""
    return Containers(engine.connect(timeout, patience).client)
