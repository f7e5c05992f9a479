"""Which Docker Engine is asked, as the CLI decides it: DOCKER_HOST, else DOCKER_CONTEXT, else the current context.

Read from Docker's own files, without its SDK, which takes 0.1 s to import: what does not answer is told at once.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops import platform

DEFAULT = "default"
"""The name of the context that stands for no context."""


@dataclass(frozen=True)
class Endpoint:
    """One engine, as somebody has named it.

    Attributes:
        url: `unix://…`, `npipe://…`, `tcp://…` or `ssh://…`; empty for a context that does not exist.
        context: The context that it is from; empty without one.
        source: What names it: a variable, or Docker's settings; empty where nothing does.
    """

    url: str
    context: str = ""
    source: str = ""

    def __str__(self) -> str:
        """As people are told of it."""
        if self.context:
            return f"{self.url or 'nowhere'} (docker context {self.context})"
        return self.url

    @property
    def socket(self) -> Path | None:
        """The Unix socket that it is; None where it is none."""
        scheme, _, place = self.url.partition("://")
        return Path(place) if scheme == "unix" and not platform.WINDOWS else None

    @property
    def ssh(self) -> bool:
        """Whether it is reached through SSH."""
        return urlsplit(self.url).scheme == "ssh"


def asked() -> Endpoint:
    """The engine that this process asks, and compose too."""
    if host := os.environ.get("DOCKER_HOST"):
        return Endpoint(host, source="DOCKER_HOST")
    name, source = os.environ.get("DOCKER_CONTEXT", ""), "DOCKER_CONTEXT"
    if not name:
        settings = platform.docker_configuration() / "config.json"
        name, source = _text(_read(settings), "currentContext"), str(settings)
    if not name or name == DEFAULT:
        socket = platform.engine_socket()
        return Endpoint(f"unix://{socket}" if socket else platform.ENGINE_PIPE)
    return Endpoint(_host(name), name, source)


def _host(context: str) -> str:
    """The URL of a context; empty where there is none of that name."""
    folder = hashlib.sha256(context.encode()).hexdigest()
    meta = _read(platform.docker_configuration() / "contexts" / "meta" / folder / "meta.json")
    endpoints = meta.get("Endpoints")
    engine = endpoints.get("docker") if isinstance(endpoints, dict) else None
    return _text(engine, "Host") if isinstance(engine, dict) else ""


def _read(file: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _text(content: dict[str, Any], key: str) -> str:
    value = content.get(key)
    return value if isinstance(value, str) else ""
