"""Containers that are made and never started, of whatever image the engine has: they carry files and names."""

from __future__ import annotations

import io
import os
import socket
import tarfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from upready.engine.connection import flowing
from upready.runtime.docker.engine import Engine, answering
from upready.support import times

MACHINE, PROCESS, BEGAN = "upready.machine", "upready.process", "upready.began"
"""Labels: who has made it, and removes it. Another process may get its number later, but not its beginning."""

_EMPTY = "upready-carrier"
"""The image of nothing that an engine without images gets."""

_on_nothing: set[str] = set()
"""Those that this process has made of it."""

_CLOCK_STEP = 2.0
"""Seconds by which the beginning of a process may seem to move when the clock is set."""

_OLD = 60.0
"""Seconds after which one of another machine is left over: nobody needs one for so long."""


def make(engine: Engine, labels: Mapping[str, str], *, name: str | None = None, mounts: Sequence[Any] = ()) -> str:
    """Make one, and return its id; empty where its name is taken.

    Args:
        engine: Where.
        labels: What is known of it.
        name: Its name; the engine's own choice by default.
        mounts: What it has of other files.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering():
        images = api.images(all=True) or [_empty(api)]
        host = api.create_host_config(mounts=list(mounts), network_mode="none")
        smallest = min(images, key=lambda each: int(each["Size"]))["Id"]
        try:
            made = api.create_container(
                smallest,
                name=name,
                entrypoint=["-"],
                command=[],
                host_config=host,
                labels={**labels, **maker()},
            )
        except APIError as error:
            if error.status_code != 409 or name is None:
                raise
            return ""
    if smallest == _EMPTY:
        _on_nothing.add(str(made["Id"]))
    return str(made["Id"])


def clock(engine: Engine) -> float:
    """The engine's own time, in seconds since 1970.

    Raises:
        EngineError: The engine does not answer.
    """
    with answering():
        text = str(engine.client.info()["SystemTime"])
    # It is in the time zone of the engine's machine.
    return times.moment(text).replace(microsecond=0).timestamp()


def sweep(engine: Engine, label: str, value: str) -> None:
    """Remove those with a label whose makers were ended before they could.

    Args:
        engine: Where they are.
        label: The label's name.
        value: What it says.

    Raises:
        EngineError: The engine does not answer.
    """
    with answering():
        found = engine.client.api.containers(all=True, filters={"label": f"{label}={value}"})
    now = clock(engine) if found else 0.0
    for each in found:
        if has_ended(each.get("Labels") or {}) or now - int(each["Created"]) > _OLD:
            remove(engine, each["Id"])


def machine() -> str:
    """What tells this machine from others: two may have one name."""
    import uuid  # takes 6 ms, and few tasks ask

    return f"{socket.gethostname()} {uuid.getnode():x}"


def maker() -> dict[str, str]:
    """The labels that tell who has made one: this process."""
    import psutil

    began = psutil.Process().create_time()
    return {MACHINE: machine(), PROCESS: str(os.getpid()), BEGAN: str(began)}


def has_ended(labels: Mapping[str, str]) -> bool:
    """Whether who has made one with these labels was a process of this machine, and is none any more."""
    import psutil

    if labels.get(MACHINE) != machine():
        return False
    try:
        process = psutil.Process(int(labels.get(PROCESS) or 0))
        if process.status() == psutil.STATUS_ZOMBIE:  # nobody has asked yet how it ended
            return True
        now = process.create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:  # another user's: nobody tells when it began
        return False
    return abs(now - float(labels.get(BEGAN) or now)) > _CLOCK_STEP


def remove(engine: Engine, container: str) -> None:
    """Remove one, with the volumes without a name that its image made; one that is gone is what was wanted.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    with answering():
        try:
            engine.client.api.remove_container(container, v=True, force=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # 409: another task removes it at this moment
                raise
    if container in _on_nothing:
        _on_nothing.remove(container)
        with answering(), suppress(APIError):  # another one may be of it
            engine.client.api.remove_image(_EMPTY)


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
    """The files at a path of one, or in that folder, by their names; none where nothing is there, or it goes away.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering():
        try:
            chunks, _ = api.get_archive(container, path)
            data = b"".join(flowing(iter(chunks), engine.heartbeat))
        except APIError as error:
            # The engine has no better word for one that it is removing than an error of its own (500).
            if error.status_code == 404 or not _is_there(api, container):
                return {}
            raise
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: file.read() for name, file in files if file is not None}


def _empty(api: Any) -> dict[str, Any]:
    """An image of nothing, made for an engine that has none yet."""
    nothing = io.BytesIO()
    tarfile.open(fileobj=nothing, mode="w").close()
    api.import_image_from_data(nothing.getvalue(), repository=_EMPTY, tag="latest")
    return {"Id": _EMPTY, "Size": 0}


def _is_there(api: Any, container: str) -> bool:
    from docker.errors import NotFound

    try:
        return api.inspect_container(container)["State"]["Status"] not in ("removing", "dead")
    except NotFound:
        return False
