"""Containers that are made and never started, of whatever image the engine has: they carry files and names."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from upready.runtime.docker.engine import Engine, answering
from upready.support.errors import EngineError


def make(engine: Engine, labels: Mapping[str, str], *, name: str | None = None, mounts: Sequence[Any] = ()) -> str:
    """Make one, and return its id; empty where its name is taken.

    Args:
        engine: Where.
        labels: What is known of it.
        name: Its name; the engine's own choice by default.
        mounts: What it has of other files.

    Raises:
        EngineError: The engine does not answer, or has no image.
    """
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering():
        images = api.images(all=True)
        if not images:
            raise EngineError("the engine has no image yet", next="invoke build")
        host = api.create_host_config(mounts=list(mounts), network_mode="none")
        smallest = min(images, key=lambda each: int(each["Size"]))["Id"]
        try:
            made = api.create_container(
                smallest, name=name, entrypoint=["-"], command=[], host_config=host, labels=dict(labels)
            )
        except APIError as error:
            if error.status_code != 409 or name is None:
                raise
            return ""
    return str(made["Id"])


def remove(engine: Engine, container: str) -> None:
    """Remove one, with the volumes without a name that its image made; one that is gone is what was wanted.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import NotFound

    with answering(), suppress(NotFound):
        engine.client.api.remove_container(container, v=True, force=True)


def write(engine: Engine, container: str, folder: str, files: Mapping[str, bytes]) -> None:
    """Put files into a folder of one, readable for root alone.

    Raises:
        EngineError: The engine does not answer, or the container is gone.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(data))
    with answering():
        engine.client.api.put_archive(container, folder, packed.getvalue())


def read(engine: Engine, container: str, path: str) -> dict[str, bytes]:
    """The files at a path of one, or in that folder, by their names; none where nothing is there.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import NotFound

    with answering():
        try:
            chunks, _ = engine.client.api.get_archive(container, path)
            data = b"".join(chunks)
        except NotFound:
            return {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in files if file is not None}
