"""The secrets of a stack, from its merged model: what must stand in no output, wherever a program quotes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from upready.secrets import embedded, secret_file
from upready.secrets.secret import SHORTEST, looks_secret, named
from upready.stack import compose_variables
from upready.support import files
from upready.support.errors import EngineError, OpsError

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine
    from upready.stack.model import Model


def gather(merged: Model) -> set[str]:
    """Values that a key or a variable calls secret, passwords within any text, and what compose's secrets hold.

    Of compose's secrets, files are read on this machine, and variables in the shell and `.env`; an external one cannot
    be known. Very short texts are left out: masking them wherever they stand would leave nothing readable.
    """
    top = {name: entry for name, entry in merged.raw.items() if name not in ("services", "secrets", "configs")}
    # Under these two keys stand names, not values.
    services = [{**each.config, "secrets": None, "configs": None} for each in merged.services.values()]
    commands = [text for each in merged.services.values() for text in _commanded(each.config)]
    found = {each.replace("$$", "$") for each in (*named([top, services]), *commands)}
    for kind in ("secrets", "configs"):
        for name, entry in (merged.raw.get(kind) or {}).items():
            found |= _held(merged, str(name), entry or {}, secret=kind == "secrets")
    return {each for each in found if len(each) >= SHORTEST}


def injected(engine: Engine, project: str, merged: Model) -> Iterator[str]:
    """The secrets that compose has copied into containers from a variable that is no longer set here."""
    kept = merged.raw.get("secrets") or {}
    gone = {
        name
        for name, entry in kept.items()
        if (entry or {}).get("environment") and not _held(merged, name, entry, secret=True)
    }
    granted = {
        service.name: paths
        for service in merged.services.values()
        if (paths := [_path(each) for each in service.config.get("secrets") or () if each.get("source") in gone])
    }
    with contextlib.suppress(EngineError):
        for container in engine.containers(project) if granted else ():
            for path in granted.get(container.service, ()):
                yield from secret_file.parts(engine.read(container.id, path, secret_file.ENOUGH) or b"")


def _path(granted: Mapping[str, Any]) -> str:
    """Where a container has a secret that it was granted."""
    return str(PurePosixPath("/run/secrets", str(granted.get("target") or granted.get("source"))))


def _held(merged: Model, name: str, entry: Mapping[str, Any], *, secret: bool) -> set[str]:
    """What a secret holds, or a config: that is no secret but where it, or its variable, is called one."""
    root, variables = (merged.stack.root, merged.stack.variables) if merged.stack else (Path(), {})
    if variable := str(entry.get("environment") or ""):
        read = merged.stack.read_files if merged.stack else ()
        if not (secret or looks_secret(variable) or looks_secret(name)):
            return set()
        return secret_file.parts((variables.get(variable) or compose_variables.variable(read, variable)).encode())
    if secret and entry.get("file"):
        return secret_file.texts(root / str(entry["file"]))
    text = str(entry.get("content") or "")
    if not secret and entry.get("file"):
        text = _text(root / str(entry["file"]))
    return {each.replace("$$", "$") for each in embedded.in_configuration(text)}


def _text(path: Path) -> str:
    """The start of a configuration file; nothing of one that cannot be read."""
    with contextlib.suppress(OpsError):
        return files.start(path, secret_file.ENOUGH).decode("utf-8", "ignore")
    return ""


def _commanded(config: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in whatever a service runs."""
    hooks = [hook.get("command") for kind in ("pre_start", "post_start", "pre_stop") for hook in config.get(kind) or ()]
    test = (config.get("healthcheck") or {}).get("test")
    native = (config.get("x-ops") or {}).get("native")
    own = native.get("command") if isinstance(native, dict) else None
    for words in (config.get("command"), config.get("entrypoint"), test, own, *hooks):
        yield from embedded.in_command(words)
