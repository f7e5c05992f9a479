"""The Docker Engine through its SDK: connect, list a project's containers, follow its events.

The SDK raises `requests`' errors besides its own; every call that talks goes through `answering`, which turns both into
an `EngineError`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ops import inspection, platform
from ops.errors import EngineError
from ops.runtime import Container

if TYPE_CHECKING:
    from docker.types import CancellableStream
    from requests import Response

    from docker import DockerClient

PROJECT = "com.docker.compose.project"
ONE_OFF = "com.docker.compose.oneoff"
"""Labels that compose puts on what it makes; those of containers alone stand in `ops.inspection`."""

ANY = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""How every address of a machine is written."""

EVENTS = ("create", "start", "die", "oom", "health_status", "destroy", "pause", "unpause", "rename")


class Engine:
    """A connection to the Docker Engine that the CLI would use: DOCKER_HOST, DOCKER_CONTEXT, the current context."""

    def __init__(self, client: DockerClient) -> None:
        self.client = client

    @property
    def address(self) -> str:
        """Where the engine answers, as a URL."""
        url = str(self.client.api.base_url)
        # What the SDK makes of a socket, a pipe or SSH is no address that anybody has given.
        return _default_address() if url.startswith("http+docker:") else url

    @property
    def local(self) -> bool:
        """Whether the engine's published ports are ports of this machine."""
        # The SDK names what it reaches through a socket `localhost`, a pipe `localnpipe`, and SSH `ssh`.
        host = urlsplit(str(self.client.api.base_url)).hostname or ""
        return host in ("localhost", "localnpipe", "::1") or re.fullmatch(r"127(\.\d+){1,3}", host) is not None

    def containers(self, project: str) -> list[Container]:
        """All containers of a project, stopped ones included, by service and number; one-off ones are left out.

        Raises:
            EngineError: The engine does not answer.
        """
        with answering():
            found = self.client.api.containers(
                all=True, filters={"label": [f"{PROJECT}={project}", f"{ONE_OFF}=False"]}
            )
        inspected = (self.inspect(each["Id"]) for each in found)
        return sorted((each for each in inspected if each), key=lambda each: (each.service, each.replica))

    def inspect(self, container: str) -> Container | None:
        """One container, or None when it is gone.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import NotFound

        with answering():
            try:
                return inspection.container(self.client.api.inspect_container(container))
            except NotFound:
                return None

    def begin(self, container: Container) -> None:
        """Start a container that does not run, however long that takes.

        Raises:
            StartError: The engine refuses.
            EngineError: The engine does not answer.
        """
        from docker.errors import APIError

        from ops import compose

        api: Any = self.client.api
        with answering():
            response = api._post(api._url("/containers/{0}/start", container.id), timeout=(api.timeout, None))
            try:
                api._raise_for_status(response)
            except APIError as error:
                raise compose.not_started(container.name, str(error.explanation)) from error

    def image_id(self, name: str) -> str | None:
        """The id of an image that the engine has, or None.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import ImageNotFound

        with answering():
            try:
                return str(self.client.images.get(name).id)
            except ImageNotFound:
                return None

    def image(self, name: str) -> Mapping[str, Any] | None:
        """The engine's description of an image, or None when it is gone.

        Raises:
            EngineError: The engine does not answer.
        """
        return _present(self.client.api.inspect_image, name)

    def volume(self, name: str) -> Mapping[str, Any] | None:
        """The engine's description of a volume, or None when it is gone.

        Raises:
            EngineError: The engine does not answer.
        """
        return _present(self.client.api.inspect_volume, name)

    def read(self, container: str, path: str, count: int) -> bytes | None:
        """The start of a file within a container, which need not run; None where there is no such file.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import APIError

        with answering(), contextlib.suppress(APIError, tarfile.TarError, EOFError):
            chunks, _ = self.client.api.get_archive(container, path)
            held = b""
            for chunk in chunks:
                held += chunk
                if len(held) >= 1024 + count:
                    break
            with tarfile.open(fileobj=io.BytesIO(held), mode="r:", ignore_zeros=True) as archive:
                member = archive.next()
                if member is not None and member.isfile():
                    return held[member.offset_data : member.offset_data + min(count, member.size)]
        return None

    def ping(self, timeout: float) -> bool:
        """Whether the engine answers within so many seconds. Asks nothing that another call could hold up."""
        api = self.client.api
        try:
            with api.get(f"{api.base_url}/_ping", timeout=timeout) as response:
                return bool(response.ok)
        except OSError:  # what `requests` raises is one too
            return False

    def events(self, project: str) -> CancellableStream[dict[str, Any]]:
        """What happens to a project's containers, as it happens; ends silently when the connection drops.

        Closing the returned stream from another thread ends it.
        """
        filters = {"type": "container", "label": f"{PROJECT}={project}", "event": list(EVENTS)}
        with answering():
            return self.client.events(filters=filters, decode=True)

    def logs(
        self,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: str = "",
        until: str = "",
    ) -> Response | None:
        """A container's log as the engine sends it, each line with its time; None when the container is gone.

        The SDK's own call drops which stream a line is from, and cuts `since` to whole seconds.

        Args:
            container: Its id.
            follow: Whether to go on until the container stops.
            tail: Only so many of the last lines.
            since: Only lines from then on: seconds since 1970, with up to nine decimals.
            until: Only lines up to then.

        Raises:
            EngineError: The engine does not answer, or cannot read the container's log.
        """
        from docker.errors import NotFound

        api: Any = self.client.api
        options = {
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
            "follow": int(follow),
            "tail": "all" if tail is None else tail,
            "since": since or None,
            "until": until or None,
        }
        with answering():
            response: Response = api._get(
                api._url("/containers/{0}/logs", container), params=options, stream=True, timeout=(api.timeout, None)
            )
            try:
                api._raise_for_status(response)
            except NotFound:
                return None
        return response

    def owner_of(self, port: int, protocol: str = "tcp", host: str = "") -> tuple[str, str] | None:
        """The (project, container name) that publishes a port of the engine's host; no project without compose.

        Args:
            port: Its number.
            protocol: tcp or udp.
            host: The address it is wanted at; one on every address is in the way of each, and the other way round.
        """
        with answering():
            for each in self.client.api.containers():
                for published in each.get("Ports") or []:
                    if (published.get("PublicPort"), published.get("Type")) != (port, protocol):
                        continue
                    if published.get("IP", "") in ANY or host in ANY or published["IP"] == host:
                        return (each.get("Labels") or {}).get(PROJECT, ""), each["Names"][0].lstrip("/")
        return None

    def close(self) -> None:
        """Drop the connections."""
        self.client.close()


def connect(timeout: float = 10.0, patience: float | None = None) -> Engine:
    """Connect to the engine and make sure that it answers.

    Args:
        timeout: Seconds that a single answer may take.
        patience: Seconds that the very first one may take, where there is a way to do without an engine.

    Raises:
        EngineError: Nothing answers, or the chosen context does not exist.
    """
    _require_socket()
    from docker.context import ContextAPI

    import docker

    context = os.environ.get("DOCKER_CONTEXT")
    # The SDK falls back to the default socket in silence when the context is unknown (facts.md).
    if context and not os.environ.get("DOCKER_HOST") and ContextAPI.get_context(context) is None:
        raise EngineError(f"there is no docker context {context!r}", next="docker context ls")
    with answering():
        client = docker.from_env(version="auto", timeout=int(patience or timeout), max_pool_size=32)
    client.api.timeout = int(timeout)
    return Engine(client)


def _require_socket() -> None:
    """Refuse a socket that is not there before the SDK is imported: without an engine, every task is 0.1 s quicker.

    Raises:
        EngineError: It is not there, so nothing can answer.
    """
    scheme, _, place = os.environ.get("DOCKER_HOST", "").partition("://")
    socket = Path(place) if scheme == "unix" else None
    settings = platform.docker_configuration() / "config.json"
    # Docker's settings may name a context, whose engine is elsewhere.
    if not scheme and not os.environ.get("DOCKER_CONTEXT") and not settings.exists():
        socket = platform.engine_socket()
    if socket is not None and not socket.exists():
        raise _silent(f"unix://{socket}", "No such file or directory")


def _silent(address: str, reason: str, next: str = "invoke doctor") -> EngineError:  # noqa: A002 - the error's own word
    return EngineError(f"no Docker Engine answers at {address}", details=[reason], next=next)


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn whatever an engine call raises when the engine does not answer into an `EngineError`."""
    import requests
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise EngineError(f"the Docker Engine refused: {error.explanation or error}", next="invoke doctor") from error
    except (DockerException, requests.exceptions.RequestException, OSError) as error:
        # Not among the dependencies: it would make every call 0.2 s slower, for those few who go through ssh.
        following = "uv pip install paramiko" if "paramiko" in str(error) else "invoke doctor"
        raise _silent(_default_address(), _reason(error), following) from error


def _present(inspect: Callable[[str], Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """What an inspection tells, or None when what it asks for is not there."""
    from docker.errors import NotFound

    with answering():
        try:
            return inspect(name)
        except NotFound:
            return None


def _reason(error: BaseException) -> str:
    """The innermost cause of the SDK's nested exceptions, in words."""
    text = str(error)
    for known in ("No such file or directory", "Permission denied", "Connection refused", "timed out"):
        if known.lower() in text.lower():
            return known
    return text.splitlines()[0] if text else type(error).__name__


def _default_address() -> str:
    if host := os.environ.get("DOCKER_HOST"):
        return host
    if context := os.environ.get("DOCKER_CONTEXT"):
        return f"context {context}"
    from docker.constants import DEFAULT_NPIPE, DEFAULT_UNIX_SOCKET, IS_WINDOWS_PLATFORM

    return str(DEFAULT_NPIPE) if IS_WINDOWS_PLATFORM else str(DEFAULT_UNIX_SOCKET).replace("http+unix", "unix")
