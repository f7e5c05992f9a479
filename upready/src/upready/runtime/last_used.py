"""Remember what a project last ran on: if that engine does not answer, that does not mean "nothing runs"."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upready.engine import endpoint
from upready.stack.settings import ENGINES, SWARM, Settings
from upready.support import files, parsing, state
from upready.support.errors import OpsError

FILE = "runtime.json"


@dataclass(frozen=True)
class Memory:
    """What is remembered of one project folder.

    Attributes:
        folder: That folder, absolute, as it was then.
        project: Compose's project name.
        runtime: The last runtime; empty once it was stopped.
        endpoint: The engine's URL.
        context: The docker context that named the engine; empty without one.
        environment: The environment that was started.
        services: The services that were started last; one of them without a container is missing.
        since: When this folder first started the project on that engine with data of its own there, in seconds since
            1970; 0 when nothing of it is left there.
        adopted: Folders whose containers count as this one's.
    """

    folder: str = ""
    project: str = ""
    runtime: str = ""
    endpoint: str = ""
    context: str = ""
    environment: str = ""
    since: float = 0.0
    adopted: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Where it ran, for people."""
        if self.runtime not in ENGINES:
            return "this machine, without an engine"
        what = "the swarm of the Docker Engine" if self.runtime == SWARM else "the Docker Engine"
        return f"{what} at {endpoint.Endpoint(self.endpoint, self.context)}"


def recall(root: Path) -> Memory:
    """What is remembered of a folder; empty if it cannot be read, or is not valid."""
    try:
        return _read(state.folder(root) / FILE) or Memory()
    except OpsError:
        return Memory()


def environment(settings: Settings) -> str:
    """The environment that this folder started last and has not stopped; else the first one of `invoke.yaml`."""
    known = recall(settings.root)
    return known.environment if known.runtime and known.environment in settings.environments else settings.default


def write(root: Path, memory: Memory) -> None:
    """Remember it; if that fails, the task goes on."""
    with contextlib.suppress(OpsError, OSError):
        state.write(state.make(root) / FILE, {**dataclasses.asdict(memory), "folder": str(files.real(root))})


def others(root: Path) -> list[Memory]:
    """What is remembered of the other folders of this user."""
    try:
        found = [_read(place / FILE) for place, _ in state.others(root)]
    except (OpsError, OSError):
        return []
    return [each for each in found if each]


def _read(file: Path) -> Memory | None:
    content = state.read(file)
    if not isinstance(content, dict):
        return None
    known: dict[str, Any] = {}
    for field in dataclasses.fields(Memory):
        value = content.get(field.name)
        if field.name in ("adopted", "services"):
            if isinstance(value, list):
                known[field.name] = tuple(each for each in value if parsing.is_text(each))
        elif parsing.is_text(value) if field.type == "str" else _is_number(value):
            known[field.name] = value
    return Memory(**known)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
