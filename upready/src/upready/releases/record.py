"""What was released, kept on the engine: every checkout, machine and user that reaches the engine sees the same.

It lies in a volume of the project, and goes with the others (`invoke stop --volumes`). Files get in and out of it
through a container that is made and never started, of any image that the engine has.

`log/NNN.json`     one entry a file, the oldest overwritten after `ENTRIES`: who did what, when, and what came of it
`models/ID.json`   what a release is made of: the merged compose model, which holds secrets as the containers do
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from upready.releases import carrier
from upready.runtime.docker.engine import PROJECT, Engine, answering

ENTRIES = 500
"""So many entries are kept."""

LABEL = "upready.record"
"""On the volume, and on the containers through which it is read: the project's name."""

_FOLDER = "/record"


class Record:
    """The record of one project, read once. Every method raises EngineError where the engine does not answer.

    Args:
        engine: Where it lies.
        project: Compose's project name.
    """

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project
        self._known: dict[str, dict[str, Any]] | None = None

    @property
    def volume(self) -> str:
        """The name of the volume."""
        return f"{self._project}_releases"

    def entries(self) -> list[dict[str, Any]]:
        """The entries of the log, oldest first; none where nothing was recorded."""
        found = [each for name, each in self._files().items() if name.startswith("log/")]
        return sorted((each for each in found if isinstance(each.get("number"), int)), key=lambda each: each["number"])

    def append(self, entry: Mapping[str, Any], last: int, models: Mapping[str, Mapping[str, Any]] | None = None) -> int:
        """Add an entry behind the one with the number `last`; returns its number.

        Args:
            entry: What it says.
            last: The number of the one before it.
            models: What releases are made of, by their names, as in `keep`: all of it is there, or nothing.
        """
        number = last + 1
        files: dict[str, Mapping[str, Any]] = {f"log/{number % ENTRIES:03d}.json": {**entry, "number": number}}
        files |= {_model(release): model for release, model in (models or {}).items()}
        self._write(files)
        return number

    def model(self, release: str) -> dict[str, Any] | None:
        """The recorded model of a release; None where it was removed."""
        return self._files().get(_model(release)) or None

    def keep(self, release: str, model: Mapping[str, Any]) -> None:
        """Keep what a release is made of; an empty one takes the place of what is no longer needed."""
        self._write({_model(release): model})

    def _files(self) -> dict[str, dict[str, Any]]:
        """The files of the record, by their paths in it; one that is broken is left out."""
        if self._known is not None:
            return self._known
        found: dict[str, dict[str, Any]] = {}
        if self._engine.volume(self.volume) is not None:
            with self._container() as container:
                for name, data in carrier.read(self._engine, container, _FOLDER).items():
                    with suppress(ValueError, RecursionError):
                        content = json.loads(data)
                        if isinstance(content, dict):
                            found[name.partition("/")[2]] = content
        self._known = found
        return found

    def _write(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        with answering():
            self._engine.client.api.create_volume(self.volume, labels={LABEL: self._project, PROJECT: self._project})
        with self._container() as container:
            packed = {name: json.dumps(content).encode() for name, content in files.items()}
            carrier.write(self._engine, container, _FOLDER, packed)
        if self._known is not None:
            self._known |= {name: dict(content) for name, content in files.items()}

    def sweep(self) -> None:
        """Remove the containers that tasks have left which were ended while they read or wrote."""
        carrier.sweep(self._engine, LABEL, self._project)

    @contextmanager
    def _container(self) -> Iterator[str]:
        """A container that has the volume, for the block."""
        from docker.types import Mount

        mount = Mount(_FOLDER, self.volume, type="volume", no_copy=True)
        made = carrier.make(self._engine, {LABEL: self._project}, mounts=[mount])
        try:
            yield made
        finally:
            carrier.remove(self._engine, made)


def _model(release: str) -> str:
    return f"models/{release}.json"
