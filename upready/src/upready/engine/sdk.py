"""Make the Docker SDK's client for the engine that the CLI would use."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from upready.engine import endpoint
from upready.engine.absence import SettingsError
from upready.engine.endpoint import Endpoint
from upready.support import shell_words

if TYPE_CHECKING:
    from docker.tls import TLSConfig

    from docker import DockerClient

_TLS_VARIABLES = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


def make(place: Endpoint, timeout: float, patience: float | None) -> DockerClient:
    """The SDK's client; it has not asked the engine anything yet.

    Raises:
        SettingsError: The SDK cannot use Docker's settings, or files for TLS are missing.
    """
    load()
    from docker.constants import MINIMUM_DOCKER_API_VERSION
    from docker.errors import TLSParameterError

    import docker

    if place.ssh:
        from upready.engine import ssh

        return ssh.client(place.url, timeout, patience)
    try:
        # With a version, it does not ask the engine for one.
        return docker.DockerClient(
            base_url=place.url,
            tls=_tls(place),
            version=MINIMUM_DOCKER_API_VERSION,
            timeout=int(timeout),
            max_pool_size=32,
        )
    except TLSParameterError as error:
        named = [f"{name} is {os.environ[name]}" for name in _TLS_VARIABLES if os.environ.get(name)]
        raise SettingsError(
            f"files for TLS with the Docker Engine at {place} are missing",
            details=[*named, str(error).partition(". TLS conf")[0]],
            next=shell_words.removal(*_TLS_VARIABLES) if named else "docker context ls",
        ) from error
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        # It reads all of Docker's settings without checking their form.
        file = endpoint.settings_file()
        raise SettingsError(
            f"Docker's settings are not valid: {file}", details=[str(error)], next=endpoint.settings_remedy(file)
        ) from error


def load() -> None:
    """Import the SDK without paramiko, which it would otherwise import too."""
    if "docker" in sys.modules:
        # Another thread may be about to import paramiko, which must not be kept away from it.
        return
    with _without("paramiko"):
        import docker  # noqa: F401


def _tls(place: Endpoint) -> TLSConfig | bool:
    """The TLS settings for an engine; False without TLS."""
    from docker.tls import TLSConfig
    from docker.utils import kwargs_from_env

    if not place.context:
        asked: TLSConfig | bool = kwargs_from_env().get("tls", False)
        return asked
    if not place.tls:
        return False
    cert, key = (str(place.tls.get(name, "")) for name in ("cert.pem", "key.pem"))
    return TLSConfig(
        client_cert=(cert, key) if cert and key else None,
        ca_cert=str(place.tls["ca.pem"]) if "ca.pem" in place.tls else None,
        verify=place.verify,
    )


def require_version(api: Any) -> None:
    """Refuse an engine that is too old for the SDK, as the SDK does when it asks for the version itself.

    Raises:
        InvalidVersion: It is too old.
    """
    from docker.constants import MINIMUM_DOCKER_API_VERSION
    from docker.errors import InvalidVersion
    from docker.utils import version_lt

    if version_lt(api._version, MINIMUM_DOCKER_API_VERSION):
        raise InvalidVersion(f"its API is {api._version}, older than {MINIMUM_DOCKER_API_VERSION}")


@contextlib.contextmanager
def _without(module: str) -> Iterator[None]:
    """Make a module impossible to import during the block, as if it were not installed.

    The SDK would import paramiko for every engine, which takes 0.2 s; `upready.engine.ssh` imports it if it is needed.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
