"""What was released, kept on the engine: every checkout, machine and user that reaches the engine sees the same.

It lies in a volume of the project, and goes with the others (`invoke stop --volumes`). Files get in and out of it
through a container that is made and never started, of any image that the engine has.

`log/NNN.json`     one entry a file, the oldest overwritten after `ENTRIES`: who did what, when, and what came of it
`models/ID.json`   what a release is made of: the merged compose model, which holds secrets as the containers do
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from upready.runtime.docker.engine import PROJECT, Engine, answering

ENTRIES = 500
"""So many entries are kept."""

LABEL = "upready.record"
"""On the volume, and on the containers through which it is read: the project's name."""

_FOLDER = "/record"


class Record:
    """The record of one project.

    Args:
        engine: Where it lies.
        project: Compose's project name.
    """

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._api: Any = engine.client.api
        self._project = project

    @property
    def volume(self) -> str:
        """The name of the volume."""
        return f"{self._project}_releases"

    def entries(self) -> list[dict[str, Any]]:
        """The entries of the log, oldest first; none where nothing was recorded.

        Raises:
            EngineError: The engine does not answer.
        """
        found = [each for name, each in self._read("log").items() if name.startswith("log/")]
        return sorted((each for each in found if isinstance(each.get("number"), int)), key=lambda each: each["number"])

    def append(self, entry: Mapping[str, Any], last: int) -> int:
        """Add an entry behind the one with the number `last`; returns its number.

        Raises:
            EngineError: The engine does not answer.
        """
        number = last + 1
        self._write({f"log/{number % ENTRIES:03d}.json": {**entry, "number": number}})
        return number

    def model(self, release: str) -> dict[str, Any] | None:
        """What a release is made of; None where that is not known any more.

        Raises:
            EngineError: The engine does not answer.
        """
        return self._read(f"models/{release}.json").get(f"models/{release}.json") or None

    def keep(self, release: str, model: Mapping[str, Any]) -> None:
        """Keep what a release is made of; an empty one takes the place of what is no longer needed.

        Raises:
            EngineError: The engine does not answer.
        """
        self._write({f"models/{release}.json": model})

    def _read(self, path: str) -> dict[str, dict[str, Any]]:
        """The files at a path of the record, or in that folder, by their names; one that is broken is left out."""
        from docker.errors import NotFound

        found: dict[str, dict[str, Any]] = {}
        if self._engine.volume(self.volume) is None:
            return found
        with self._container() as container:
            if container is None:
                return found
            try:
                chunks, _ = self._api.get_archive(container, f"{_FOLDER}/{path}")
                data = b"".join(chunks)
            except NotFound:
                return found
        above = path.rpartition("/")[0]
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is None:
                    continue
                with suppress(ValueError, RecursionError):
                    content = json.loads(file.read())
                    if isinstance(content, dict):
                        found[f"{above}/{member.name}".lstrip("/")] = content
        return found

    def _write(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        with answering():
            self._api.create_volume(self.volume, labels={LABEL: self._project, PROJECT: self._project})
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in files.items():
                data = json.dumps(content).encode()
                member = tarfile.TarInfo(name)
                member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
                archive.addfile(member, io.BytesIO(data))
        with self._container() as container, answering():
            if container is not None:
                self._api.put_archive(container, _FOLDER, packed.getvalue())

    @contextmanager
    def _container(self) -> Iterator[str | None]:
        """A container that has the volume, for the block; it is never started. None where the engine has no image."""
        from docker.types import Mount

        with answering():
            images = self._api.images(all=True)
            if not images:
                yield None
                return
            host = self._api.create_host_config(
                mounts=[Mount(_FOLDER, self.volume, type="volume", no_copy=True)], network_mode="none"
            )
            made = self._api.create_container(
                min(images, key=lambda each: int(each["Size"]))["Id"],
                entrypoint=["-"],
                command=[],
                host_config=host,
                labels={LABEL: self._project},
            )["Id"]
        try:
            yield made
        finally:
            with answering():
                self._api.remove_container(made, v=True, force=True)
