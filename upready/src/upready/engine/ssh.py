"""A Docker Engine that is reached through SSH. Needs paramiko, the group `ssh`; imported for `ssh://` only.

The SDK itself opens only one connection, on which a server allows ten streams, and waits for a stream without end.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

from upready.engine.endpoint import Endpoint
from upready.support import extras
from upready.support.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient


def client(url: str, timeout: float, patience: float | None = None) -> DockerClient:
    """The SDK's client of an engine behind SSH, logged in; the engine itself has been asked nothing yet.

    Args:
        url: `ssh://[user@]host[:port]`.
        timeout: Seconds that a single answer, and the log-in, may take.
        patience: Seconds that the log-in may take, if there is a way to do without an engine.

    Raises:
        EngineError: paramiko is not installed.
        Exception: Any error of paramiko or the SDK if nobody answers; see `failure`.
    """
    if importlib.util.find_spec("paramiko") is None:
        raise EngineError(
            f"the Docker Engine at {url} is reached through SSH, and the package for that is not installed",
            details=["it is paramiko, in the extra ssh of upready"],
            next=extras.command("ssh"),
        )
    from docker.constants import MINIMUM_DOCKER_API_VERSION

    import docker

    # Compose logs in for each action that it does at the same time; a server refuses some of ten log-ins at once.
    os.environ.setdefault("COMPOSE_PARALLEL_LIMIT", "4")
    # It would also write its errors to stderr, as tracebacks.
    log = logging.getLogger("paramiko")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    adapter = _adapter(url, timeout, patience)
    # With a version it asks nothing yet: its way through SSH is set first.
    made = docker.DockerClient(base_url="tcp://127.0.0.1:1", version=MINIMUM_DOCKER_API_VERSION, timeout=int(timeout))
    api: Any = made.api
    api.mount("http+docker://ssh", adapter)
    api._custom_adapter = adapter
    api.base_url = "http+docker://ssh"
    api.ssh_host = adapter.host
    return made


def failure(place: Endpoint, error: BaseException) -> EngineError:
    """The error of an engine behind SSH that does not answer; the next step tries the same by hand, as compose does."""
    said = str(error) or type(error).__name__
    reason = said.splitlines()[0]
    host = place.url.removeprefix("ssh://")
    name, _, port = host.partition(":")
    by_hand = f"ssh {f'-p {port} ' if port else ''}{name} docker version"
    for words, told in _REASONS.items():
        if words in said:
            reason = f"{told} ({reason})"
            break
    return EngineError(f"no Docker Engine answers at {place}", details=[reason], next=by_hand)


_REASONS = {
    "not found in known_hosts": "its host key is not known yet",
    "does not match": "its host key has changed",
    "Authentication failed": "it accepts none of this user's keys",
    "No authentication methods available": "this user has no key for it",
    "encrypted": "the key needs its passphrase: ssh-add gives it to the agent",
    "Connection aborted": "the program `docker` does not answer there",
}
"""What paramiko says, and what that means."""


def _adapter(url: str, timeout: float, patience: float | None) -> Any:
    """A logged-in connection to an engine; its class is made here, because it needs paramiko."""
    # Without types: those of the SDK are wrong, and paramiko has none.
    paramiko: Any = importlib.import_module("paramiko")
    sdk: Any = importlib.import_module("docker.transport.sshconn")

    class Connection(sdk.SSHConnection):  # type: ignore[misc]
        """One stream to the engine."""

        def __init__(self, adapter: Adapter) -> None:
            super().__init__(ssh_transport=None, timeout=timeout)
            self._adapter = adapter

        def connect(self) -> None:
            channel = self._adapter.channel()
            channel.settimeout(self.timeout)
            channel.exec_command("docker system dial-stdio")
            self.sock = Socket(channel)

    class Pool(sdk.SSHConnectionPool):  # type: ignore[misc]
        """The streams to the engine."""

        def __init__(self, adapter: Adapter) -> None:
            super().__init__(ssh_client=None, timeout=timeout, maxsize=STREAMS - 1)
            self._adapter = adapter

        def _new_conn(self) -> Connection:
            return Connection(self._adapter)

        def _get_conn(self, timeout: float | None = None) -> Any:
            # The SDK's does not look whether a kept stream has ended meanwhile.
            found = super()._get_conn(timeout)
            if found.sock is not None and (found.sock.closed or found.sock.eof_received):
                found.close()
            return found

    class Adapter(sdk.SSHHTTPAdapter):  # type: ignore[misc]
        """As the SDK's own adapter, but with time limits, and with as many streams as are needed."""

        def __init__(self) -> None:
            self._clients: list[Any] = []
            self._opening = threading.Lock()
            super().__init__(url, timeout=int(timeout), max_pool_size=STREAMS - 1)

        @property
        def host(self) -> str:
            """The engine's host; empty if another program (`ProxyCommand`) connects to it."""
            return "" if self.ssh_params.get("sock") else str(self.ssh_params["hostname"])

        def _connect(self) -> None:
            limit = patience or timeout
            self.ssh_params.update(timeout=limit, banner_timeout=limit, auth_timeout=limit)
            super()._connect()
            self._clients.append(self.ssh_client)

        def channel(self) -> Any:
            """One more stream, on a connection that has room for it."""
            with self._opening:
                for each in reversed(self._clients):
                    transport = each.get_transport()
                    if transport is None or not transport.is_active():
                        continue
                    try:
                        return transport.open_session(timeout=timeout)
                    except paramiko.ChannelException:
                        continue  # sshd's MaxSessions
                self._create_paramiko_client(url)
                self._connect()
                return self.ssh_client.get_transport().open_session(timeout=timeout)

        def get_connection(self, url: str, proxies: Any = None) -> Pool:
            # One pool for all requests; the SDK has one for each URL.
            with self.pools.lock:
                if "" not in self.pools.keys():  # noqa: SIM118 - no iteration of it is allowed
                    self.pools[""] = Pool(self)
                pool: Pool = self.pools[""]
            return pool

        def close(self) -> None:
            super().close()
            for each in self._clients:
                each.close()

    return Adapter()


class Socket:
    """One stream that HTTP and the SDK can use like a socket: paramiko's own files lack `read1`.

    Args:
        channel: paramiko's.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def makefile(self, mode: str = "r", buffering: int | None = None) -> io.BufferedReader:
        """A file to read what the stream receives."""
        return Reader(Incoming(self), io.DEFAULT_BUFFER_SIZE)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


class Reader(io.BufferedReader):
    """A file to read what a stream receives.

    The SDK takes its `channel` for the socket, from which it reads the output of commands, and files of containers.
    """

    @property
    def channel(self) -> Behind:
        """The stream, from where this file stands."""
        return Behind(self)


class Behind:
    """A stream as a socket, from where a file that is read of it stands: that has read ahead."""

    def __init__(self, file: Reader) -> None:
        self._file = file
        self._stream: Any = file.raw
        self._ready, self._told = socket.socketpair()
        self._told.send(b"!")

    def recv(self, count: int) -> bytes:
        """Some bytes, once there are any; none at the end."""
        return self._file.read1(count)

    def fileno(self) -> int:
        """What can be read at once; it waits until the stream can, as whoever polls it would.

        The stream's own number says nothing of what was read ahead.
        """
        self._file.peek(1)
        return self._ready.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """How long an answer may take."""
        self._stream.sock.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """The same."""
        found: float | None = self._stream.sock.gettimeout()
        return found

    def __del__(self) -> None:
        self._ready.close()
        self._told.close()


class Incoming(io.RawIOBase):
    """The bytes that a stream receives."""

    def __init__(self, sock: Socket) -> None:
        super().__init__()
        self.sock = sock
        """The SDK shuts this down to end a stream that is being read."""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Some bytes, once there are any; none at the end."""
        got = self.sock.recv(len(buffer))
        buffer[: len(got)] = got
        return len(got)


STREAMS = 10
"""Streams that a server allows on one connection by default (sshd_config, MaxSessions)."""
