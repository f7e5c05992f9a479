"""The way to the Docker Engine that the CLI would use, and why nothing answers there.

The SDK raises `requests`' errors besides its own; every call that talks goes through `answering`, which turns both into
an `EngineError`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ops import endpoint, platform
from ops.endpoint import Endpoint
from ops.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

DENIED = ("Permission denied", "Access is denied")
"""How POSIX and Windows say that a user may not open a socket or a pipe."""


class DeniedError(EngineError):
    """There is an engine, and this user may not use it."""


def client(timeout: float, patience: float | None = None) -> DockerClient:
    """Connect to the engine and make sure that it answers.

    Args:
        timeout: Seconds that a single answer may take.
        patience: Seconds that the very first one may take, where there is a way to do without an engine.

    Raises:
        EngineError: Nothing answers, or the chosen context does not exist.
        DeniedError: This user may not use it.
    """
    place = endpoint.asked()
    _require(place)
    with _without("paramiko"):
        import docker
    with answering():
        if place.ssh:
            from ops import ssh

            made = ssh.client(place.url, timeout, patience)
        else:
            made = docker.from_env(version="auto", timeout=int(patience or timeout), max_pool_size=32)
    made.api.timeout = int(timeout)
    return made


@contextlib.contextmanager
def _without(module: str) -> Iterator[None]:
    """Let nothing import a module within the block, as if it were not installed.

    The SDK would import paramiko for every engine, which takes 0.2 s; `ops.ssh` does, where it is needed.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _require(place: Endpoint) -> None:
    """Refuse what cannot answer before the SDK is imported: without an engine, every task is 0.1 s quicker.

    Raises:
        EngineError: The socket is not there, or the context does not exist, for which the SDK, in silence, would ask
            the default socket.
        DeniedError: The socket's folder is closed to this user.
    """
    if not place.url:
        raise EngineError(
            f"there is no docker context {place.context!r}",
            details=[f"named by {place.source}"],
            next="docker context ls",
        )
    try:
        if place.socket is None or place.socket.stat():
            return
    except PermissionError as error:
        raise _denied(place) from error
    except OSError as error:
        raise _silent(str(place), "No such file or directory") from error


def _silent(address: str, reason: str) -> EngineError:
    return EngineError(f"no Docker Engine answers at {address}", details=[reason], next="invoke doctor")


def _denied(place: Endpoint) -> DeniedError:
    return DeniedError(
        f"this user may not use the Docker Engine at {place}",
        details=["Permission denied"],
        next=platform.engine_permission(place.socket),
    )


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Turn whatever an engine call raises when the engine does not answer into an `EngineError`."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        raise EngineError(f"the Docker Engine refused: {error.explanation or error}", next="invoke doctor") from error
    except lost() as error:
        place, reason = endpoint.asked(), _reason(error)
        if place.ssh:
            from ops import ssh

            raise ssh.failure(place, error) from error
        if reason in DENIED and not place.url.startswith(("tcp:", "http")):
            raise _denied(place) from error
        raise _silent(str(place), reason) from error


def lost() -> tuple[type[Exception], ...]:
    """What a call raises when the engine does not answer; what SSH adds only where that was imported."""
    import requests
    from docker.errors import DockerException

    ssh = sys.modules.get("paramiko")
    return (DockerException, requests.exceptions.RequestException, OSError, *((ssh.SSHException,) if ssh else ()))


def _reason(error: BaseException) -> str:
    """The innermost cause of the SDK's nested exceptions, in words."""
    text = str(error)
    for known in ("No such file or directory", *DENIED, "Connection refused", "timed out"):
        if known.lower() in text.lower():
            return known
    return text.splitlines()[0] if text else type(error).__name__
