"""Run a command where a service runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from upready.operations.step import Step
from upready.runtime import current
from upready.runtime.interface import Container, Runtime
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import next_step, shell_words, spelling
from upready.support.errors import UsageError


@dataclass(frozen=True)
class Call:
    """A command that is to be run beside a service.

    Attributes:
        settings: The project's.
        connected: Where the service runs.
        container: Beside which of its containers.
        words: The command and its arguments; a shell where there are none.
    """

    settings: Settings
    connected: Runtime
    container: Container
    words: Sequence[str]

    def run(self) -> int:
        """Run it on this terminal; returns its exit code.

        Raises:
            OpsError: It could not be run.
        """
        return self.connected.execute(current.name(self.settings), self.container, self.words, self._stack)

    def plan(self) -> list[Step]:
        """What `run` would do.

        Raises:
            OpsError: It could not be run.
        """
        line, folder = self.connected.command(current.name(self.settings), self.container, self.words, self._stack)
        where = f"in {self.container.name}" if folder is None else f"with the variables of {self.container.service}"
        text = f"run {where}: {shell_words.line(line)}" + (f"  (in {folder})" if folder else "")
        return [Step("run", tuple(line), text)]

    def _stack(self) -> Stack:
        return current.current(self.settings, self.connected)[0]


def find(settings: Settings, connected: Runtime, service: str, replica: int | None, words: Sequence[str]) -> Call:
    """The call of a command where a service runs.

    Args:
        settings: The project's.
        connected: Where it runs.
        service: The service.
        replica: Which of its containers; None is any that runs.
        words: The command and its arguments; a shell when there are none.

    Raises:
        UsageError: The service is not running.
        EngineError: The engine does not answer.
    """
    containers = connected.containers(current.name(settings))
    return Call(settings, connected, container_of(containers, service, replica, settings.default), words)


def shell(settings: Settings, connected: Runtime, service: str, replica: int | None) -> Call:
    """The call of a shell where a service runs; where none is named, in the only one that runs.

    Raises:
        UsageError: The service is not running, or several are and none is named.
        EngineError: The engine does not answer.
    """
    if not service:
        containers = connected.containers(current.name(settings))
        service = only(containers, "shell", "service", next(iter(settings.environments)))
    return find(settings, connected, service, replica, [])


def only(containers: Collection[Container], task: str, kind: str, environment: str) -> str:
    """The only one of some services that runs.

    Args:
        containers: Theirs, those that do not run as well.
        task: What asks for one.
        kind: What they are, in a word.
        environment: What starts them.

    Raises:
        UsageError: There is none, or there are several.
    """
    names = sorted({each.service for each in containers if each.state == "running"})
    if not names:
        raise UsageError(
            f"no {kind} runs here",
            details=[f"{each.name} is {each.state}" for each in containers],
            next="invoke diagnose" if any(map(_wants_diagnosis, containers)) else f"invoke {environment}",
        )
    first, *others = names
    if others:
        raise UsageError(
            f"{task} needs the name of a service: {len(names)} run",
            details=[f"running: {', '.join(names)}"],
            next=f"invoke {task} {first}",
        )
    return first


def container_of(
    containers: Sequence[Container], service: str, replica: int | None = None, environment: str = ""
) -> Container:
    """The running container of a service: the one of a number, or the first that runs.

    Args:
        containers: The project's.
        service: The service.
        replica: Which of its containers; None is any.
        environment: What to start where nothing runs.

    Raises:
        UsageError: The service has none; says which have.
    """
    running = [each for each in containers if each.state == "running"]
    own = sorted((each for each in running if each.service == service), key=lambda each: each.replica)
    if chosen := next((each for each in own if replica in (None, each.replica)), None):
        return chosen
    if own:
        numbers = ", ".join(str(each.replica) for each in own)
        raise UsageError(
            f"{service} has no running replica {replica}",
            details=[f"running: {numbers}"],
            next=next_step.again("--replica", str(own[0].replica)),
        )
    names = sorted({each.service for each in running})
    stopped = [each for each in containers if each.service == service]
    others = [f"{each.name} is {each.state}" for each in stopped]
    near = "" if others else spelling.meant(service, {each.service for each in containers})
    if any(map(_wants_diagnosis, stopped)):
        step = f"invoke diagnose {service}"
    else:
        step = "invoke status" if names or others or not environment else f"invoke {environment}"
    raise UsageError(
        f"{service} is not running{near}",
        details=[*others, f"running: {', '.join(names) or 'nothing'}"],
        next=step,
    )


def _wants_diagnosis(container: Container) -> bool:
    """Whether a container failed or is not up yet; of one that ended well, `diagnose` has no more to say."""
    return container.state != "exited" or container.exit_code != 0
