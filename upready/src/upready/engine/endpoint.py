"""Which Docker Engine is asked, as the CLI decides it: DOCKER_HOST, else DOCKER_CONTEXT, else the current context.

Docker's own files are read without its SDK, which takes 0.1 s to import. Mistakes in these files are errors here:
Docker's CLI only warns about them, and then perhaps asks another engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from upready.engine import installation
from upready.support import files, next_step, parsing, platform, shell_words
from upready.support.errors import OpsError
from upready.support.parsing import MalformedError

DEFAULT = "default"
"""The context of this name means: no context."""


_OBJECTS = ("auths", "HttpHeaders", "credHelpers", "proxies", "plugins")
"""Keys of Docker's settings that must be objects: otherwise the SDK fails with a traceback."""

_TLS = ("ca.pem", "cert.pem", "key.pem")
"""The files with which a context and its engine recognise each other."""


@dataclass(frozen=True)
class Endpoint:
    """One engine, as the user has chosen it.

    Attributes:
        url: `unix://…`, `npipe://…`, `tcp://…` or `ssh://…`; empty for a context that does not exist.
        context: The context that it is from; empty without one.
        source: Where it is chosen: a variable, or Docker's settings; empty if nowhere.
        problem: What is wrong with the choice, as a sentence; empty if nothing is.
        remedy: How to correct it.
        tls: The files for TLS that exist, by name.
        verify: Whether the engine's certificate is checked.
    """

    url: str
    context: str = ""
    source: str = ""
    problem: str = ""
    remedy: str = ""
    tls: Mapping[str, Path] = field(default_factory=dict)
    verify: bool = True

    def __str__(self) -> str:
        """The engine for people; a password is masked."""
        url = _masked(self.url)
        if self.context:
            return f"{url or 'nowhere'} (docker context {self.context})"
        return url or "nowhere"

    @property
    def socket(self) -> Path | None:
        """Its Unix socket; None if it has none."""
        scheme, _, place = self.url.partition("://")
        return Path(place) if scheme == "unix" and not platform.WINDOWS else None

    @property
    def ssh(self) -> bool:
        """Whether it is reached through SSH."""
        return self.url.startswith("ssh://")

    def as_dict(self) -> dict[str, str | None]:
        """The engine in a JSON document."""
        return {"host": _masked(self.url), "context": self.context or None}


named_by = ""
"""Where the engine was named, if this process has put that into its variables itself: `--host`."""


_request = threading.local()


def asks(place: Endpoint) -> None:
    """Remember which engine this thread sends a request to."""
    _request.place = place


def last_asked() -> Endpoint:
    """The engine of this thread's last request: in a swarm the engines of other nodes are asked, too."""
    return getattr(_request, "place", None) or asked()


def asked() -> Endpoint:
    """The engine that this process and compose use."""
    found, broken = _asked(), ""
    try:
        _settings()
    except ValueError as error:
        broken = str(error)
    if not broken:
        return found
    file = settings_file()
    # Also if a variable names the engine: the SDK, and log-ins to registries, read this file in any case.
    return replace(found, problem=f"Docker's settings {file}: {broken}", remedy=settings_remedy(file))


def settings_remedy(file: Path) -> str:
    """What to do about settings of Docker's that cannot be used."""
    away = shell_words.move_command(file, file.with_name(f"{file.name}.old"))
    without = shell_words.removal("DOCKER_CONFIG") if os.environ.get("DOCKER_CONFIG") else away
    return next_step.either(f"correct {file}, then: {next_step.AGAIN}", without)


def settings_file() -> Path:
    """The file with Docker's own settings."""
    return installation.docker_configuration() / "config.json"


def _asked() -> Endpoint:
    if host := os.environ.get("DOCKER_HOST"):
        problem = address_problem(host)
        if problem:
            problem = f"DOCKER_HOST is {Endpoint(host)}, and {problem}"
        return Endpoint(
            _usual() if host.strip() == "unix://" else host,
            source=named_by or "DOCKER_HOST",
            problem=problem,
            remedy=shell_words.removal("DOCKER_HOST") if problem else "",
        )
    name, source = os.environ.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not name:
        name, source = current_context(), str(settings_file())
    return of_context(name, source) if name else Endpoint(_usual())


def _usual() -> str:
    """The default address of an engine."""
    socket = installation.engine_socket()
    return f"unix://{socket}" if socket else installation.ENGINE_PIPE


def current_context() -> str:
    """The context that Docker's settings name; empty where they name none, or cannot be read."""
    try:
        return str(_settings().get("currentContext") or "")
    except ValueError:
        return ""


def contexts() -> list[str]:
    """The names of the contexts that there are, `default` first; one that cannot be read is left out."""
    found = []
    with contextlib.suppress(OSError):
        for file in (installation.docker_configuration() / "contexts" / "meta").glob("*/meta.json"):
            with contextlib.suppress(OSError, ValueError):
                found.append(str(_read(file).get("Name") or ""))
    return [DEFAULT, *sorted({*found} - {"", DEFAULT})]


def of_context(name: str, source: str) -> Endpoint:
    """The engine of a context.

    Args:
        name: Its name.
        source: Where it is named: a variable, or a file.
    """
    if name == DEFAULT:
        return Endpoint(_usual())
    folder, identifier = installation.docker_configuration() / "contexts", hashlib.sha256(name.encode()).hexdigest()
    file = folder / "meta" / identifier / "meta.json"
    use = f"docker context use {DEFAULT}" if source != "DOCKER_CONTEXT" else shell_words.removal("DOCKER_CONTEXT")
    try:
        meta = _read(file)
    except FileNotFoundError:
        known = ", ".join(contexts())
        return Endpoint(
            "", name, source, f"there is no docker context {name!r} (docker has: {known})", "docker context ls"
        )
    except ValueError as error:
        return Endpoint("", name, source, f"{_of(name)} is broken: {file}: {error}", use)
    engine = _within(_within(meta, "Endpoints"), "docker")
    host = engine.get("Host")
    if not host or not isinstance(host, str):
        return Endpoint("", name, source, f"{_of(name)} names no engine: {file} has no Endpoints.docker.Host", use)
    if problem := address_problem(host):
        return Endpoint(host, name, source, f"{_of(name)} leads to {Endpoint(host)}, and {problem}", use)
    keys = folder / "tls" / identifier / "docker"
    there = {each: keys / each for each in _TLS if files.is_file(keys / each)}
    return Endpoint(host, name, source, tls=there, verify=not engine.get("SkipTLSVerify"))


def address_problem(url: str) -> str:
    """Why an address cannot be that of an engine, as half a sentence; empty if it can."""
    url = url.strip()
    # Without a scheme it is `tcp`, as Docker has it.
    scheme, there, rest = url.partition("://")
    if there and scheme in ("unix", "npipe"):
        return "" if rest.strip("/") or url == "unix://" else "that names no socket"
    if there and scheme not in ("tcp", "http", "https", "ssh"):
        return f"{scheme}:// leads to no engine: unix://, npipe://, tcp:// and ssh:// do"
    try:
        parts = urlsplit(url if there else f"tcp://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return f"that is no address: {error}"
    if not host or re.search(r"[\s\\]", host):
        return "that names no host"
    if port == 0 or (port is None and scheme != "ssh"):
        return f"that names no port, as in tcp://{host}:2375"
    extra = parts.password or parts.query or parts.fragment
    return "it has a password, a query or a fragment, which are not allowed" if extra else ""


def _settings() -> dict[str, Any]:
    """Docker's own settings; empty if there are none.

    Raises:
        ValueError: They cannot be read, or are invalid; half a sentence.
    """
    folder = installation.docker_configuration()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    try:
        content = _read(settings_file())
    except FileNotFoundError:
        return {}
    if not isinstance(content.get("currentContext"), str | None):
        raise ValueError("currentContext should be a name")  # noqa: TRY004 - of whoever wrote the file
    for key in _OBJECTS:
        if not isinstance(content.get(key), dict | None):
            raise ValueError(f"{key} should be an object")  # noqa: TRY004
    return content


def _read(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if the file is empty.

    Raises:
        FileNotFoundError: There is no file.
        ValueError: It cannot be read, or is no JSON object; half a sentence.
    """
    try:
        data = files.read(file, name="it")
        if data is None:
            raise FileNotFoundError(file)
        content = parsing.from_json(data) if data.strip() else {}
    except OpsError as error:
        raise ValueError(error.message) from error
    except MalformedError as error:
        where = f" (line {error.line}, column {error.column})" if error.line else ""
        raise ValueError(f"{error.reason}{where}") from error
    if not isinstance(content, dict):
        raise ValueError("it should be a JSON object")  # noqa: TRY004
    return content


def _masked(url: str) -> str:
    """An address without what may be secret in it: a password, a query, a fragment."""
    scheme, there, rest = url.rpartition("://") if "://" in url else ("", "", url)
    user, at, host = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    host = re.sub(r"[?#].*", lambda found: f"{found[0][0]}***", host, flags=re.DOTALL)
    return f"{scheme}{there}{name}{colon and ':***'}{at}{host}"


def _within(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _of(name: str) -> str:
    return f"the docker context {name!r}"
