"""The Docker Engine through its SDK: connect, list a project's containers, follow its events."""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from upready.engine import chosen, connection, endpoint
from upready.engine.heartbeat import Heartbeat
from upready.runtime.docker import inspection
from upready.runtime.interface import Container
from upready.stack.service import EVERYWHERE

if TYPE_CHECKING:
    from docker.types import CancellableStream
    from requests import Response

    from docker import DockerClient

answering = connection.answering
"""Turns what a call raises when the engine does not answer into an `EngineError`."""

PROJECT = "com.docker.compose.project"
ONE_OFF = "com.docker.compose.oneoff"
"""Labels that compose puts on all that it makes; labels of containers only are in `inspection`."""

FAILED = ".failed-release"
"""What ends the name of a container of a release that failed: it is kept for its logs, and is no replica."""

LINKS = 5
"""The most links that are followed, one after the other."""

EVENTS = ("create", "start", "die", "oom", "health_status", "destroy", "pause", "unpause", "rename")


class Engine:
    """A connection to the Docker Engine that the CLI would use: DOCKER_HOST, DOCKER_CONTEXT, the current context.

    Args:
        client: The SDK's.
        heartbeat: Finds out whether the engine still answers; by default one of its own.
    """

    def __init__(self, client: DockerClient, heartbeat: Heartbeat | None = None) -> None:
        self.client = client
        self.heartbeat = heartbeat or Heartbeat(self.ping)

    @property
    def address(self) -> str:
        """Where the engine answers, as a URL."""
        url = str(self.client.api.base_url)
        # For a socket, a pipe or SSH the SDK has an internal address, which no user knows.
        return str(endpoint.asked()) if url.startswith("http+docker:") else url

    @property
    def local(self) -> bool:
        """Whether the engine's published ports are ports of this machine."""
        # The SDK's host name is `localhost` for a socket, `localnpipe` for a pipe, and `ssh` for SSH.
        url = str(self.client.api.base_url)
        host = urlsplit(url).hostname or ""
        if url == connection.SSH:
            host = str(getattr(self.client.api, "ssh_host", ""))
        return host in ("localhost", "localnpipe", "::1") or re.fullmatch(r"127(\.\d+){1,3}", host) is not None

    @property
    def capacity(self) -> tuple[int, int]:
        """How many processors the engine's machine has, and how many bytes of memory."""
        with answering():
            said = self.client.info()
        return int(said["NCPU"]), int(said["MemTotal"])

    def containers(self, project: str) -> list[Container]:
        """All containers of a project, stopped ones included, by service and number.

        One-off ones are left out, and those that are kept of a release that failed.

        Raises:
            EngineError: The engine does not answer.
        """
        return [each for each in self.every(project) if not each.name.endswith(FAILED)]

    def every(self, project: str) -> list[Container]:
        """The same, with those that are kept of a release that failed.

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

    def image(self, name: str) -> Mapping[str, Any] | None:
        """The engine's description of an image, or None when it is gone.

        Raises:
            EngineError: The engine does not answer.
        """
        return _present(self.client.api.inspect_image, name)

    def tag(self, image: str, name: str) -> None:
        """Give an image another name, too.

        Raises:
            EngineError: The engine does not answer.
        """
        repository, colon, tag = name.rpartition(":")
        if not colon or "/" in tag:
            repository, tag = name, "latest"
        with answering():
            self.client.api.tag(image, repository, tag)

    def volume(self, name: str) -> Mapping[str, Any] | None:
        """The engine's description of a volume, or None when it is gone.

        Raises:
            EngineError: The engine does not answer.
        """
        return _present(self.client.api.inspect_volume, name)

    def has_path(self, path: str) -> bool:
        """Whether the engine's machine has a file or folder, as a bind mount would find it. Nothing is made.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import APIError

        api: Any = self.client.api
        mount = {"Type": "bind", "Source": path, "Target": "/there"}
        with answering():
            try:
                # It looks at the mounts first, and finds then that there is no such image.
                api.create_container("upready.invalid/none", host_config=api.create_host_config(mounts=[mount]))
            except APIError as error:
                if error.status_code == 404:
                    return True
                if error.status_code == 400:
                    return False
                raise
        return True

    def read(self, container: str, path: str, count: int) -> bytes | None:
        """The start of a file within a container, which need not run; None if there is no such file.

        A link is followed.

        Raises:
            EngineError: The engine does not answer.
        """
        from docker.errors import APIError

        with answering(), contextlib.suppress(APIError, tarfile.TarError, EOFError):
            chunks, stat = self.client.api.get_archive(container, path)
            for _ in range(LINKS):
                if not (link := stat.get("linkTarget")):
                    break
                chunks, stat = self.client.api.get_archive(container, link)
            held = b""
            for chunk in connection.flowing(iter(chunks), self.heartbeat):
                held += chunk
                if len(held) >= 1024 + count:
                    break
            with tarfile.open(fileobj=io.BytesIO(held), mode="r:", ignore_zeros=True) as archive:
                member = archive.next()
                if member is not None and member.isfile():
                    return held[member.offset_data : member.offset_data + min(count, member.size)]
        return None

    def ping(self, timeout: float) -> bool:
        """Whether the engine answers within so many seconds."""
        return connection.ping(self.client.api, timeout)

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

        The SDK's own call does not say which stream a line is from, and cuts `since` to whole seconds.

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
        """The (project, container name) that publishes a port of the engine's host; without compose, no project.

        Args:
            port: Its number.
            protocol: tcp or udp.
            host: The wanted address; a port on all addresses conflicts with the same port on any address.
        """
        with answering():
            for each in self.client.api.containers():
                for published in each.get("Ports") or []:
                    if (published.get("PublicPort"), published.get("Type")) != (port, protocol):
                        continue
                    if published.get("IP", "") in EVERYWHERE or host in EVERYWHERE or published["IP"] == host:
                        return (each.get("Labels") or {}).get(PROJECT, ""), each["Names"][0].lstrip("/")
        return None

    def close(self) -> None:
        """Drop the connections."""
        self.client.close()


def connect(timeout: float = 10.0, patience: float | None = None) -> Engine:
    """Connect to the engine and make sure that it answers; see `connection.client`."""
    made = Engine(*connection.client(timeout, patience))
    chosen.asked.update({**endpoint.asked().as_dict(), "local": made.local})
    return made


def _present(inspect: Callable[[str], Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The result of an inspection; None if the object does not exist, or nobody knows what it is called.

    Swarm does not tell by which id a container of another node runs its image.
    """
    from docker.errors import NotFound

    if not name:
        return None
    with answering():
        try:
            return inspect(name)
        except NotFound:
            return None
