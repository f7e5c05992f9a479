"""Restore a backup into a throw-away container and throw-away volumes: the only proof that it can be restored."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from upready.data import kinds, volume
from upready.data.archive import Reader
from upready.data.manifest import Part
from upready.data.postgres import Server
from upready.data.restore import Databases
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.secrets import masking
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.support import pipes
from upready.support.errors import DataError, StartError

LABEL = "upready.proof"
"""On what is thrown away: the project's name."""

_PATIENCE = 120
"""Seconds that a new server may take until it answers."""


def prove(engine: Containers, project: str, reader: Reader, tell: Callable[[int], None]) -> None:
    """Restore everything that a backup holds, and hold it against what the backup says.

    Args:
        engine: Where.
        project: Compose's project name, which is not touched.
        reader: The backup.
        tell: Gets the number of bytes that were restored since the last call.

    Raises:
        DataError: It cannot be restored, or did not come back whole.
        ProgramError: PostgreSQL refuses something.
        EngineError: The engine does not answer.
    """
    reader.prove()
    _tidy(engine, project)
    for part in reader.manifest.parts:
        if part.kind == kinds.VOLUME:
            for item in part.items:
                found = _put(engine, project, reader, item.member, tell)
                if found.digest != item.digest:
                    raise DataError(f"{item.name} did not come back whole", next="invoke backup")
        else:
            with _server(engine, project, part) as server:
                change = Databases(server, part, reader, f"{datetime.now(UTC):%Y%m%dT%H%M%S}")
                change.check()
                change.stage(tell)


def _put(engine: Containers, project: str, reader: Reader, member: str, tell: Callable[[int], None]) -> volume.Survey:
    """Put an archive into a new volume; what it then holds."""
    with answering():
        name = engine.client.api.create_volume(labels={LABEL: project})["Name"]
    try:
        with reader.member(member) as archive:
            volume.unpack(engine, project, name, "/", pipes.Told(archive, tell))
        return volume.content(engine, project, name)
    finally:
        with answering():
            engine.client.api.remove_volume(name, force=True)


@contextlib.contextmanager
def _server(engine: Containers, project: str, part: Part) -> Iterator[Server]:
    """A new PostgreSQL of the image that a backup is of, for the block, without a network.

    Raises:
        StartError: It does not start.
    """
    name = f"{project}-proof"
    image = part.image_id if part.image_id and engine.image(part.image_id) else part.image
    password = secrets.token_urlsafe(24)
    masking.know(("proof", name), lambda: [password])
    service = {
        "image": image,
        "environment": {"POSTGRES_PASSWORD": password, "POSTGRESQL_PASSWORD": password},
        "network_mode": "none",
        "labels": {LABEL: project},
        "healthcheck": {"test": ["CMD-SHELL", "pg_isready -q -h 127.0.0.1"], "interval": "1s", "retries": _PATIENCE},
    }
    line = compose.project_command(name, "--file", "-", "up", "--detach", "--wait", "--wait-timeout", str(_PATIENCE))
    model = json.dumps({"services": {part.service: service}}).replace("$", "$$")
    try:
        result = compose_call.run(line, engine, cwd=Path.cwd(), env=compose.NO_FILES, stdin=model)
        if result.code:
            raise compose.failure(result.stderr, StartError)
        (container,) = engine.containers(name)
        yield Server(lambda words: engine.piped(name, container, words, _no_stack), in_container=True)
    finally:
        _tidy(engine, project)


def _no_stack() -> Stack:
    """The engine needs no stack to run a command in a container."""
    raise NotImplementedError


def _tidy(engine: Containers, project: str) -> None:
    """Remove what was thrown away, also by a task that was killed."""
    api = engine.client.api
    label = {"label": f"{LABEL}={project}"}
    with answering():
        for each in api.containers(all=True, filters=label):
            api.remove_container(each["Id"], v=True, force=True)
        for each in api.volumes(filters=label).get("Volumes") or []:
            api.remove_volume(each["Name"], force=True)
