"""The stack as containers of a Docker Engine: the engine's answers and compose's actions behind one interface."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.runtime import interface
from upready.runtime.attempt import Attempt
from upready.runtime.docker import engine, injected_secrets, inspection, statistics
from upready.runtime.docker.engine import ONE_OFF, PROJECT, Engine, answering
from upready.runtime.docker.store import Store
from upready.runtime.interface import Container, Line, LogSource, Note, Origin, Sample, Stopped, silent
from upready.secrets import masking
from upready.stack import compose, compose_call, compose_notices, settings
from upready.stack.selection import Stack
from upready.support import background
from upready.support.errors import StartError
from upready.support.pipes import Call

if TYPE_CHECKING:
    from docker import DockerClient
    from upready.engine.heartbeat import Heartbeat
    from upready.runtime.actions import Actions
    from upready.stack.model import Model

ITS_OWN = ("provider", "models")
"""Keys with which one service changes what others get: then only one `up` for all services works as in compose."""

SHELL = ("sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi")
"""The better shell of those that an image has."""

GRACE = 10
"""Seconds that a container has to stop by default."""

QUIETLY = ("--no-build", "--quiet-pull")


class Containers(Engine):
    """A project's containers on one engine; see `upready.runtime.interface.Runtime`."""

    name = settings.DOCKER

    context = ""
    """The docker context that leads to this engine; empty for the one that this process asks anyway."""

    manager: Containers | None = None
    """What starts and ends this engine's containers of the stack, where that is a swarm."""

    def __init__(self, client: DockerClient, heartbeat: Heartbeat | None = None) -> None:
        super().__init__(client, heartbeat)
        self._notices = compose_notices.Once()

    def at(self, container: Container) -> Containers:
        """The engine of the machine that has a container: here it is this one.

        Raises:
            UsageError: Nobody knows how to reach it.
            OpsError: It does not answer, or is not what it was said to be.
        """
        del container
        return self

    def whole(self, container: Container) -> Container:
        """A container with all that the engine of its machine tells of it, where that can be asked."""
        return container

    def ended(self, project: str, container: Container) -> Container | None:
        """The container that ended before another one took its place; None where the same one is started again."""
        del project, container
        return None

    def now(self, project: str, container: Container) -> Container:
        """The container that has the place of another one now: the same, as long as nobody makes it anew."""
        del project
        return container

    def changes(self, project: str) -> interface.Changes:
        """The engine's events, without those that say nothing about a container's state."""
        return Changes(self.events(project))

    def source(self, project: str, services: Sequence[str] = (), note: Note = silent) -> LogSource:
        """The logs, from the engine."""
        from upready.runtime.docker import log_source

        return log_source.Containers(self, project, services, note)

    def sample(self, container: Container) -> Sample | None:
        """One sample of the engine's statistics."""
        return statistics.sample(self, container)

    def tidy(self, project: str) -> None:
        """Nothing to do: an engine forgets no container."""

    def fit(self, model: Model, tell: Note) -> Model:
        """An engine can run everything. Register the secrets that containers hold and this shell no longer has."""
        masking.know(("injected", model.stack.project), lambda: injected_secrets.read(self, model))
        return model

    def actions(self, model: Model) -> Actions:
        """What compose says that it would do; see `upready.runtime.docker.dry_run`."""
        from upready.runtime.docker import dry_run

        return dry_run.actions(self, model, apart=ITS_OWN)

    def start(self, model: Model, attempt: Attempt) -> None:
        """Let compose create what is needed, then start each service when its dependencies allow it.

        `compose create` alone decides what has changed: services, networks, volumes, configs, secrets, images,
        replicas.

        Raises:
            OpsError: Compose or the engine refuses to create something.
        """
        from upready.runtime.docker import startup

        if any(service.config.get(key) for service in model.services.values() for key in ITS_OWN):
            self.compose(model.stack, attempt, "up", "--detach", *QUIETLY)
            return
        self.compose(model.stack, attempt, "create", *QUIETLY)
        made = background.until_cancelled(attempt.ending, lambda: self.containers(model.stack.project))
        if made is None:
            return
        attempt.made.set()

        def begin(names: Sequence[str]) -> None:
            self.compose(
                model.stack, attempt, "up", "--detach", "--no-deps", "--no-recreate", *QUIETLY, *names, tell=False
            )

        startup.start(self, model.wanted, made, begin, attempt)

    def restart(self, model: Model, services: Sequence[str], attempt: Attempt) -> None:
        """Restart services unchanged, each when the conditions of its `depends_on` hold.

        Raises:
            OpsError: Compose fails.
        """
        from upready.runtime.docker import startup

        every = background.until_cancelled(attempt.ending, lambda: self.every(model.stack.project))
        if every is None:
            return
        attempt.made.set()
        found = [each for each in every if not each.name.endswith(engine.FAILED)]
        for each in every:
            # To compose it is a replica as any other, and would be started.
            if each.name.endswith(engine.FAILED) and each.service in services:
                attempt.warn(f"{each.name} is removed: a release that failed has left it for its log")
                self.remove(each)
        # For a container that was only created, compose's `restart` would do no more than start it.
        created = {each.service for each in found if each.state == "created"}

        def begin(names: Sequence[str]) -> None:
            if again := [name for name in names if name not in created]:
                self.compose(model.stack, attempt, "restart", "--no-deps", *again)
            if first := [name for name in names if name in created]:
                self.compose(model.stack, attempt, "up", "--detach", "--no-deps", "--no-recreate", *QUIETLY, *first)

        startup.start(self, [model.service(name) for name in services], found, begin, attempt, anew=True)

    def volumes(self, project: str) -> list[str]:
        """The named volumes of a project."""
        with answering():
            found = self.client.api.volumes(filters={"label": f"{PROJECT}={project}"})
        return sorted(each["Name"] for each in found.get("Volumes") or [])

    def stores(self, project: str) -> list[Store]:
        """The named volumes of a project on each machine: here it is one."""
        return [Store(self, tuple(self.volumes(project)))]

    def networks(self, project: str) -> list[str]:
        """The networks of a project."""
        with answering():
            found = self.client.api.networks(filters={"label": f"{PROJECT}={project}"})
        return sorted(each["Name"] for each in found)

    def origins(self, project: str) -> list[Origin]:
        """Where a project's containers were started, one-off ones included, from their labels."""
        with answering():
            listed = self.client.api.containers(all=True, filters={"label": f"{PROJECT}={project}"})
        return list(dict.fromkeys(inspection.origin(each.get("Labels") or {}) for each in listed))

    def present(self, project: str, *, data: bool = False) -> Stopped:
        """What a stop would remove."""
        from upready.runtime.docker.teardown import Teardown

        return Teardown(self, project, data=data, grace=None, tell=silent).found()

    def stop(
        self,
        project: str,
        *,
        data: bool = False,
        grace: float | None = None,
        stacks: Sequence[Stack] = (),
        tell: Note = silent,
    ) -> Stopped:
        """Stop and remove whatever runs: every environment, profile and one-off container."""
        from upready.runtime.docker.teardown import Teardown

        return Teardown(self, project, data=data, grace=grace, tell=tell).run(stacks)

    def remove(self, container: Container) -> None:
        """Stop one container, with the grace that its service has, and remove it and its anonymous volumes.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import NotFound

        told = container.raw["Config"].get("StopTimeout")
        grace = GRACE if told is None else int(told)  # 0 is a setting, too: it is killed at once
        with answering(), contextlib.suppress(NotFound):
            self.client.api.stop(container.id, timeout=grace)
            self.client.api.remove_container(container.id, v=True, force=True)

    def command(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Line:
        """Compose's `exec`; the container is found by its labels, so that a broken file does not matter."""
        terminal = [] if sys.stdin.isatty() else ["--no-TTY"]
        line = compose.project_command(project, "exec", "--index", str(container.replica), *terminal)
        return [*line, container.service, *(words or SHELL)], None

    def piped(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> Call:
        """The same without a terminal; the program is killed if the engine stops answering."""
        place = ("--index", str(container.replica), "--no-TTY", container.service)
        return Call(
            compose.project_command(project, "exec", *place, *words),
            Path(Path(sys.executable).anchor),
            self._variables(),
            self.heartbeat.watching,
        )

    def execute(self, project: str, container: Container, words: Sequence[str], stack: Callable[[], Stack]) -> int:
        """Run a command within a container."""
        line, _ = self.command(project, container, words, stack)
        return compose_call.attach(
            line,
            self,
            cwd=Path(Path(sys.executable).anchor),
            env=self._variables(),
            running=[f"the command may still run in {container.name}"],
        )

    @staticmethod
    def _variables() -> dict[str, str]:
        """The variables of a call of compose that has only the name of a project."""
        return {**{name: value for name, value in os.environ.items() if name != "COMPOSE_FILE"}, **compose.NO_FILES}

    def make(self, stack: Stack, *words: str) -> None:
        """Let compose make containers, and start none.

        Args:
            stack: The stack.
            words: Options and names for `compose up`.

        Raises:
            OpsError: Compose fails.
        """
        line = compose.command(stack, "up", "--no-start", *QUIETLY, *words)
        result = compose_call.run(line, self, cwd=stack.root, env=stack.variables)
        if result.code:
            raise compose_call.failed(compose.failure(result.stderr, StartError), result.stderr, self)

    def compose(self, stack: Stack, attempt: Attempt, *arguments: str, tell: bool = True) -> None:
        """Let compose do something; it ends when the attempt is interrupted.

        Raises:
            OpsError: Compose fails.
        """
        said: list[str] = []
        line = compose.command(stack, *arguments)
        # The thread that waits for the start notices that the engine is gone, and cancels the attempt.
        code = compose_call.stream(line, said.append, cwd=stack.root, env=stack.variables, cancel=attempt.cancel)
        if attempt.cancel.is_set():
            return
        for warning in self._notices.read(said) if tell else ():
            attempt.warn(warning)
        if code:
            words = "\n".join(said)
            raise compose_call.failed(compose.failure(words, StartError), words, self)


class Changes:
    """Iterator over (container id, action) from Docker's event stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """The container's id and the engine's name of the event; containers of `compose run` are left out."""
        for event in self._stream:
            actor = event["Actor"]
            if actor["Attributes"].get(ONE_OFF) != "True":
                yield actor["ID"], event["Action"]

    def close(self) -> None:
        """End the stream: reading it would otherwise wait without end."""
        self._stream.close()


def connect(timeout: float = 10.0, patience: float | None = None) -> Containers:
    """Connect to the engine; see `engine.connect`."""
    found = engine.connect(timeout, patience)
    return Containers(found.client, found.heartbeat)
