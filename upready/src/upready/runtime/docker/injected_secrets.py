"""Secrets in containers that compose copied from a variable which this shell no longer has."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from upready.runtime.docker.engine import Engine
from upready.secrets import secret_file
from upready.stack import model_secrets
from upready.stack.model import Model
from upready.support.errors import EngineError


def read(engine: Engine, merged: Model) -> Iterator[str]:
    """The secrets that compose has copied into containers from a variable that is no longer set here."""
    kept = merged.raw.get("secrets") or {}
    gone = {
        name
        for name, entry in kept.items()
        if (entry or {}).get("environment") and not model_secrets.held(merged, name, entry, secret=True)
    }
    granted = {
        service.name: paths
        for service in merged.services.values()
        if (paths := [_path(each) for each in service.config.get("secrets") or () if each.get("source") in gone])
    }
    with contextlib.suppress(EngineError):
        for container in engine.containers(merged.stack.project) if granted else ():
            for path in granted.get(container.service, ()):
                yield from secret_file.parts(engine.read(container.id, path, secret_file.ENOUGH) or b"")


def _path(granted: Mapping[str, Any]) -> str:
    """The path of a granted secret in a container."""
    return str(PurePosixPath("/run/secrets", str(granted.get("target") or granted.get("source"))))
