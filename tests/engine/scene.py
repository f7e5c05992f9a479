"""A small compose project that a test writes itself, brought up and waited for as `invoke dev` does it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from upready import diagnosis
from upready.diagnosis import Failure, permanent
from upready.readiness import wait
from upready.readiness.health import Health
from upready.readiness.start_thread import Start
from upready.readiness.wait import Outcome
from upready.runtime.attempt import Attempt
from upready.runtime.docker import containers
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.stack import model
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import OpsError

PYTHON = "python:3.13-slim"


@functools.cache
def connected() -> Containers:
    """The engine, connected once a session."""
    return containers.connect()


def python(code: str, **entry: Any) -> dict[str, Any]:
    """A service that runs some Python."""
    return {"image": PYTHON, "init": True, "command": ["python", "-uc", code.replace("$", "$$")], **entry}


def shell(code: str, **entry: Any) -> dict[str, Any]:
    """A service that runs a shell command."""
    return {"image": PYTHON, "init": True, "command": ["sh", "-c", code.replace("$", "$$")], **entry}


@dataclass
class Scene:
    """One project: its services, its files, and what came of waiting for it.

    Attributes:
        top: What else stands at the top of the compose file: networks, secrets, …
        told: What a `watch` was told, with the seconds since the wait began.
    """

    root: Path
    name: str
    services: Mapping[str, Any]
    volumes: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    top: Mapping[str, Any] = field(default_factory=dict)
    engine: Containers = field(default_factory=connected)
    told: list[tuple[float, Sequence[Health]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        content = {"services": self.services, "volumes": dict.fromkeys(self.volumes), **self.top}
        (self.root / "compose.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        for name, text in self.files.items():
            (self.root / name).write_bytes(text)
            (self.root / name).chmod(0o755)

    @property
    def stack(self) -> Stack:
        return Stack(self.root, "dev", (self.root / "compose.yaml",), (), self.name)

    @property
    def model(self) -> Model:
        return model.load(self.stack)

    def up(self, attempt: Attempt) -> None:
        """What the gate is given to start, as `upready.operations.launch` gives it."""
        self.engine.start(self.model, attempt)

    def wait(
        self,
        timeout: float = 90.0,
        *,
        start: Start | bool = True,
        watch: Callable[[Sequence[Health]], None] = lambda _: None,
    ) -> Outcome:
        """Bring it up, unless told otherwise, and wait for all of it."""
        began = time.monotonic()

        def tell(healths: Sequence[Health]) -> None:
            self.told.append((time.monotonic() - began, healths))
            watch(healths)

        merged = self.model
        waiting = wait.Waiter(
            self.engine,
            self.name,
            merged.wanted,
            tell,
            find_permanent=lambda each: permanent.judge(self.engine, merged, each),
        )
        return waiting.wait(timeout, self.up if start is True else start or None)

    def explain(self, outcome: Outcome) -> list[Failure]:
        """The stories of those that are not ready."""
        return diagnosis.explain(
            self.engine,
            self.model,
            outcome.services,
            error=outcome.error,
            refusals=outcome.refusals,
            timed_out=outcome.timed_out,
        )

    def error(self, outcome: Outcome, timeout: float | None = None) -> OpsError:
        """What the task would end with."""
        return diagnosis.error(self.explain(outcome), outcome.services, outcome.error, timeout)

    def container(self, service: str) -> Container:
        return next(each for each in self.engine.containers(self.name) if each.service == service)

    def causes(self, service: str) -> list[str]:
        """The words that the watch was told of a service, each change once."""
        words: list[str] = []
        for _, healths in self.told:
            words += [each.cause for each in healths if each.service == service and words[-1:] != [each.cause]]
        return words


def find(healths: Sequence[Health], service: str) -> Health:
    return next(each for each in healths if each.service == service)
