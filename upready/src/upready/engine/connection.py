"""Connect to the Docker Engine that the CLI would use, and say why if it does not answer.

The SDK raises errors of its own and of `requests`. Every call to the engine goes through `answering`, which turns
both into an `EngineError`.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from upready.engine import endpoint, installation, sdk
from upready.engine.absence import DeniedError, SettingsError, SilentError, stopped, unheard
from upready.engine.endpoint import Endpoint
from upready.engine.heartbeat import Heartbeat
from upready.support import background
from upready.support.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

DENIED = ("Permission denied", "Access is denied")
"""How POSIX and Windows say that a user may not open a socket or a pipe."""


_PIPE = re.compile(r"\((\d+), '\w+', ['\"](.*?)['\"]\)")
"""How Windows refuses a pipe: number, function, and words in the system's language."""

_PIPE_ERRORS = {"2": "No such file or directory", "5": DENIED[1]}

PING = "/_ping"
"""The request that asks an engine only whether it answers."""

EARLY = 0.2
"""Seconds within which most answers come; only after that the engine is pinged while its answer is awaited."""

SSH = "http+docker://ssh"
"""The address that the SDK has for every engine behind SSH."""

SSH_PING = 5.0
"""The shortest time limit for an answer through SSH, in seconds."""


def client(
    timeout: float, patience: float | None = None, place: Endpoint | None = None
) -> tuple[DockerClient, Heartbeat]:
    """Connect to the engine and make sure that it answers.

    Args:
        timeout: Seconds that a single answer may take, as long as the engine answers anything at all.
        patience: Seconds that a log-in through SSH may take, if there is a way to do without an engine.
        place: Which engine; by default the one that the CLI would use.

    Returns:
        The SDK's client, each of whose requests ends once the engine is gone, and the heartbeat that finds this out.

    Raises:
        EngineError: Nothing answers.
        DeniedError: This user may not use it.
        SilentError: It does not answer.
        SettingsError: The chosen context does not exist, or Docker's own settings are invalid.
    """
    place = place or endpoint.asked()
    endpoint.asks(place)
    _require(place)
    with answering():
        made = sdk.make(place, timeout, patience)
        api: Any = made.api
        pulse = Heartbeat(lambda seconds: ping(api, seconds))
        api.send = _Watched(api.send, pulse, place)
        began = time.monotonic()
        try:
            api._version = api._retrieve_server_version()
        except Exception as error:
            made.close()
            if isinstance(error.__cause__, EngineError):
                raise error.__cause__ from None
            raise
        pulse.pace = time.monotonic() - began
        sdk.require_version(api)
    return made, pulse


def ping(api: Any, timeout: float) -> bool:
    """Whether the engine answers within so many seconds. Asks nothing that another call could hold up.

    Through SSH, each connection first starts a program there, and gets more time for that.
    """
    if str(api.base_url) == SSH:
        timeout = max(timeout, SSH_PING)
    try:
        with api.get(f"{api.base_url}{PING}", timeout=timeout) as response:
            return bool(response.ok)
    except lost():
        return False


class _Watched:
    """Sends a request as the SDK does, but gives up once the engine is gone, however long the answer may take.

    Args:
        send: The SDK's own.
        pulse: Finds out whether the engine is gone.
        place: Where it is, for errors.
    """

    def __init__(self, send: Callable[..., Any], pulse: Heartbeat, place: Endpoint) -> None:
        self._send = send
        self._pulse = pulse
        self._place = place

    def __call__(self, request: Any, **options: Any) -> Any:
        endpoint.asks(self._place)
        if str(request.url).endswith(PING):
            return self._send(request, **options)
        return _answer(background.begin(lambda: self._send(request, **options)), self._pulse)


def flowing(pieces: Iterator[bytes], pulse: Heartbeat) -> Iterator[bytes]:
    """The pieces of an answer as they come, up to the end of it or of the engine: the SDK would wait for ever.

    Raises:
        EngineError: The engine is gone, or has cut the answer.
    """
    with answering():
        while piece := _answer(background.begin(lambda: next(pieces, b"")), pulse):
            yield piece


def _answer(future: Future[Any], pulse: Heartbeat) -> Any:
    """What a call in the background comes to.

    Raises:
        SilentError: The engine is gone.
    """
    if background.done(future, EARLY):
        return future.result()
    known = pulse.pace is not None
    with pulse.watching() as gone:
        while not background.done(future, background.LOOK_EVERY):
            if gone.is_set():
                raise stopped() if known else unheard(pulse.limit)
    return future.result()


def _require(place: Endpoint) -> None:
    """Refuse an engine that cannot answer before the SDK is imported: tasks without an engine are then 0.1 s faster.

    Raises:
        EngineError: The socket is not there.
        SettingsError: For example, the context does not exist; the SDK would silently use the default socket.
        DeniedError: The socket or its folder is closed to this user.
    """
    if place.problem:
        raise SettingsError(
            place.problem, details=[f"named by {place.source}"] if place.context else [], next=place.remedy
        )
    try:
        if place.socket is None:
            return
        place.socket.stat()
        if not os.access(place.socket, os.W_OK):
            raise _denied(place)
    except PermissionError as error:
        raise _denied(place) from error
    except OSError as error:
        raise _silent(str(place), "No such file or directory") from error


def _silent(address: str, reason: str) -> EngineError:
    kind = SilentError if reason == "timed out" else EngineError
    return kind(f"no Docker Engine answers at {address}", details=[reason], next="invoke doctor")


def _denied(place: Endpoint) -> DeniedError:
    return DeniedError(
        f"this user may not use the Docker Engine at {place}",
        details=["Permission denied"],
        next=installation.engine_permission(place.socket),
    )


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn whatever an engine call raises when the engine does not answer into an `EngineError`."""
    sdk.load()
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        raise EngineError(f"the Docker Engine refused: {error.explanation or error}", next="invoke doctor") from error
    except lost() as error:
        place, reason = endpoint.last_asked(), _reason(error)
        if place.ssh:
            from upready.engine import ssh

            raise ssh.failure(place, error) from error
        if reason in DENIED and not place.url.startswith(("tcp:", "http")):
            raise _denied(place) from error
        raise _silent(str(place), reason) from error


def lost() -> tuple[type[Exception], ...]:
    """The errors of a call when the engine does not answer; those of SSH only if its library was imported."""
    import requests
    from docker.errors import DockerException

    ssh = sys.modules.get("paramiko")
    return (DockerException, requests.exceptions.RequestException, OSError, *((ssh.SSHException,) if ssh else ()))


def _reason(error: BaseException) -> str:
    """The innermost cause of the SDK's nested exceptions, in words."""
    text = str(error)
    if match := _PIPE.search(text):
        return _PIPE_ERRORS.get(match[1], match[2])
    for known in ("No such file or directory", *DENIED, "Connection refused", "timed out"):
        if known.lower() in text.lower():
            return known
    return text.splitlines()[0] if text else type(error).__name__
