"""Restore a backup into a throw-away container and throw-away volumes: the only proof that it can be restored."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upready.data import kinds, mysql, mysql_restore, redis, redis_restore, sqlite, volume, volume_exchange
from upready.data.archive import Reader
from upready.data.change import Change
from upready.data.manifest import Item, Part
from upready.data.postgres import Server
from upready.data.restore import Databases
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Container
from upready.secrets import masking
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.support import next_step, pipes, units
from upready.support.errors import DataError, StartError
from upready.support.pipes import Call

LABEL = "upready.proof"
"""On what is thrown away: the project's name."""

_PATIENCE = 120
"""Seconds that a new server may take until it answers."""

_MYSQL_WORDS = ("MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD")
_PASSWORDS = {
    kinds.POSTGRES: ("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"),
    kinds.MYSQL: _MYSQL_WORDS,
    kinds.MARIADB: _MYSQL_WORDS,
}
"""The variables in which a new server looks for the password of its administrator."""

_TOOL = 'tool() { for each in valkey redis keydb; do command -v "$each-$1" && return; done; };'
_REDIS = f"""
{_TOOL}
set --
for each in /opt/redis-stack/lib/*.so /usr/local/lib/redis/modules/*.so; do
  [ ! -e "$each" ] || set -- "$@" --loadmodule "$each"
done
exec "$(tool server)" --dir {volume.FOLDER} --dbfilename dump.rdb --appendonly no --save "" --bind 127.0.0.1 "$@"
"""
"""Loads the keys, and writes none."""

# By TCP: on its socket, a server answers also while it is being set up.
_MYSQL_ANSWERS = '"$(command -v mariadb-admin || command -v mysqladmin)" ping --silent --host=127.0.0.1'
_ANSWERS = {
    kinds.POSTGRES: "pg_isready -q -h 127.0.0.1",
    kinds.MYSQL: _MYSQL_ANSWERS,
    kinds.MARIADB: _MYSQL_ANSWERS,
    kinds.REDIS: f'{_TOOL} [ "$("$(tool cli)" ping)" = PONG ]',
}
"""What tells in its container that it takes connections."""


def prove(engine: Containers, project: str, reader: Reader, tell: Callable[[int], None]) -> None:
    """Restore everything that a backup holds, and hold it against what the backup says.

    Args:
        engine: Where.
        project: Compose's project name, which is not touched.
        reader: The backup.
        tell: Gets the number of bytes that were restored since the last call.

    Raises:
        DataError: It cannot be restored, or did not come back whole.
        ProgramError: A server refuses something.
        EngineError: The engine does not answer.
    """
    reader.prove()
    _tidy(engine, project)
    for part in reader.manifest.parts:
        if part.kind in kinds.FILES:
            for item in part.items:
                with sqlite.copies(part.kind == kinds.SQLITE) as databases:
                    found = _put(engine, project, part, item, reader, tell, databases.file)
                    if found.digest != item.digest:
                        raise DataError(f"{item.name} did not come back whole", next="invoke backup")
                    databases.compare(item)
        elif part.kind == kinds.REDIS:
            _load(engine, project, part, reader, tell)
        else:
            with _server(engine, project, part.service, _new(engine, part)) as (call, _):
                change = _change(call, part, reader)
                change.check()
                change.stage(tell)


def _load(engine: Containers, project: str, part: Part, reader: Reader, tell: Callable[[int], None]) -> None:
    """Have a new Redis load a backup's keys, and count them."""
    (item,) = part.items
    with answering():
        name = engine.client.api.create_volume(labels={LABEL: project})["Name"]
    try:
        _check_room(engine, project, part, item, name)
        with volume.opened(engine, project, name) as container, reader.member(item.member) as file, answering():
            archive = redis_restore.archive(redis_restore.ALONE, "", item, file, tell)
            engine.client.api.put_archive(container, volume.FOLDER, archive)
        service = {
            **_model(engine, part),
            "entrypoint": ["sh", "-c", _REDIS],
            "user": "0:0",
            "volumes": [f"data:{volume.FOLDER}"],
        }
        with _server(engine, project, part.service, service, {"data": {"name": name, "external": True}}) as (
            call,
            made,
        ):
            found = redis.Server(call, made).await_keys()
        if not redis.fits(found, dict(item.rows)):
            raise DataError(f"{part.service} did not come back whole: {found}", next="invoke backup")
    finally:
        _tidy(engine, project)


def _change(call: Callable[[Sequence[str]], Call], part: Part, reader: Reader) -> Change:
    """How the data of a part are put into a server that has none."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    if part.kind == kinds.POSTGRES:
        return Databases(Server(call, in_container=True), part, reader, stamp)
    return mysql_restore.Databases(mysql.Server(call), part, reader, stamp)


def _put(
    engine: Containers,
    project: str,
    part: Part,
    item: Item,
    reader: Reader,
    tell: Callable[[int], None],
    keep: volume.Keep,
) -> volume.Survey:
    """Put an archive into a new volume; what it then holds. `keep` gets each file that it then has."""
    with answering():
        name = engine.client.api.create_volume(labels={LABEL: project})["Name"]
    try:
        _check_room(engine, project, part, item, name)
        with reader.member(item.member) as archive:
            volume.unpack(engine, project, name, "/", pipes.Told(archive, tell))
        return volume.content(engine, project, name, keep=keep)
    finally:
        with answering():
            engine.client.api.remove_volume(name, force=True)


def _check_room(engine: Containers, project: str, part: Part, item: Item, name: str) -> None:
    """Make sure that a part fits into a new volume, as far as its image can tell; databases look at that themselves.

    Raises:
        DataError: It does not.
    """
    if not part.image_id or not engine.image(part.image_id):
        return
    with contextlib.suppress(volume_exchange.NoShellError):
        free = volume_exchange.room(engine, project, part.image_id, name)
        needed = item.size + item.size // 20
        if free < needed:
            raise DataError(
                f"there is no room to restore {item.name}: {units.size(needed)} are needed, "
                f"and {units.size(free)} are free",
                details=["nothing was restored"],
                next=f"make room on the engine's disk, then: {next_step.AGAIN}",
            )


def _model(engine: Containers, part: Part) -> dict[str, Any]:
    """A service of the image that a backup is of, without a network."""
    return {
        "image": part.image_id if part.image_id and engine.image(part.image_id) else part.image,
        "network_mode": "none",
        "healthcheck": {"test": ["CMD-SHELL", _ANSWERS[part.kind]], "interval": "1s", "retries": _PATIENCE},
    }


def _new(engine: Containers, part: Part) -> dict[str, Any]:
    """The same, with a password for the administrator of a database."""
    password = secrets.token_urlsafe(24)
    masking.know(("proof", part.service), lambda: [password])
    return {**_model(engine, part), "environment": dict.fromkeys(_PASSWORDS[part.kind], password)}


@contextlib.contextmanager
def _server(
    engine: Containers,
    project: str,
    service: str,
    model: Mapping[str, Any],
    volumes: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Callable[[Sequence[str]], Call], Container]]:
    """A new server for the block: how a program is called there, and its container.

    Args:
        engine: Where.
        project: Compose's project name, which is not touched.
        service: Its name.
        model: What it is, as in a compose file.
        volumes: The volumes that it names.

    Raises:
        StartError: It does not start.
    """
    name = f"{project}-proof"
    whole = {"services": {service: {**model, "labels": {LABEL: project}}}, "volumes": dict(volumes or {})}
    line = compose.project_command(name, "--file", "-", "up", "--detach", "--wait", "--wait-timeout", str(_PATIENCE))
    try:
        result = compose_call.run(
            line, engine, cwd=Path.cwd(), env=compose.NO_FILES, stdin=json.dumps(whole).replace("$", "$$")
        )
        if result.code:
            raise compose.failure(result.stderr, StartError)
        (container,) = engine.containers(name)
        yield lambda words: engine.piped(name, container, words, _no_stack), container
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
