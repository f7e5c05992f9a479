"""Files and folders of this machine that a stack mounts, where its engine is another machine's.

An engine mounts what it finds at that path on its own machine: nothing of this one gets there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from upready.runtime.docker.engine import Engine
from upready.runtime.interface import Note
from upready.stack.model import Model
from upready.support import yaml_location
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN, then


def check(engine: Engine, model: Model, tell: Note) -> None:
    """Make sure that what is mounted is there.

    Args:
        engine: Where the stack is to run.
        model: The stack's model.
        tell: Gets a line for each path of the project that the other machine has, too: its contents count.

    Raises:
        UsageError: This machine has a file or folder there, and the engine's machine has not.
        EngineError: The engine does not answer.
    """
    if engine.local:
        return
    missing, known = [], dict[str, bool]()
    for what, source in dict.fromkeys(_sources(model)):
        if source not in known:
            known[source] = engine.has_path(source)
        shown = yaml_location.relative(Path(source), model.stack.root)
        if not known[source] and _holds_something(Path(source)):
            missing.append(f"{what} mounts {shown} of this machine")
        elif known[source] and Path(source).is_relative_to(model.stack.root):
            tell(f"{what} mounts {source} of the engine's machine, not {shown} of this one")
    if missing:
        raise UsageError(
            f"{missing[0]}, and the Docker Engine at {engine.address} has nothing there",
            details=missing[1:],
            next=then("bring it with the image (COPY), in a volume, or by a config with content:", AGAIN),
        )


def _sources(model: Model) -> Iterator[tuple[str, str]]:
    """Who mounts what: a service with its bind mounts, and with its secrets and configs that are files."""
    for service in model.wanted:
        for volume in service.config.get("volumes") or []:
            if volume.get("type") == "bind":
                yield service.name, str(volume["source"])
        for kind in ("secrets", "configs"):
            for used in service.config.get(kind) or []:
                entry = (model.raw.get(kind) or {}).get(used.get("source")) or {}
                if entry.get("file"):
                    yield service.name, str(entry["file"])


def _holds_something(path: Path) -> bool:
    """Whether it is a file, or a folder that is not empty: an engine makes empty ones by itself."""
    with suppress(OSError, ValueError):
        return any(path.iterdir()) if path.is_dir() else path.exists()
    return False
