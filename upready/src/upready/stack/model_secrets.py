"""The secrets in a stack's merged model, which no output may contain."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.secrets import embedded, secret_file
from upready.secrets.secret import SHORTEST, looks_secret, named
from upready.stack import compose_variables
from upready.support import files
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.stack.model import Model


def gather(merged: Model) -> set[str]:
    """Values whose key or variable is named like a secret, passwords in texts, and the content of compose's secrets.

    Files of compose's secrets are read on this machine, variables in the shell and `.env`; external secrets cannot be
    known. Very short texts are left out: masking them everywhere would leave nothing readable.
    """
    top = {name: entry for name, entry in merged.raw.items() if name not in ("services", "secrets", "configs")}
    # These two keys contain names, not values.
    services = [{**each.config, "secrets": None, "configs": None} for each in merged.services.values()]
    commands = [text for each in merged.services.values() for text in _commanded(each.config)]
    found = {each.replace("$$", "$") for each in (*named([top, services]), *commands)}
    for kind in ("secrets", "configs"):
        for name, entry in (merged.raw.get(kind) or {}).items():
            found |= held(merged, str(name), entry or {}, secret=kind == "secrets")
    return {each for each in found if len(each) >= SHORTEST}


def held(merged: Model, name: str, entry: Mapping[str, Any], *, secret: bool) -> set[str]:
    """The secrets in an entry of compose's secrets or configs; a config is one only if it is named like a secret."""
    stack = merged.stack
    if variable := str(entry.get("environment") or ""):
        if not (secret or looks_secret(variable) or looks_secret(name)):
            return set()
        value = stack.variables.get(variable) or compose_variables.variable(stack.read_files, variable)
        return secret_file.parts(value.encode())
    if secret and entry.get("file"):
        return secret_file.texts(stack.root / str(entry["file"]))
    text = str(entry.get("content") or "")
    if not secret and entry.get("file"):
        text = _text(stack.root / str(entry["file"]))
    return {each.replace("$$", "$") for each in embedded.in_configuration(text)}


def _text(path: Path) -> str:
    """The start of a configuration file; empty if it cannot be read."""
    with contextlib.suppress(OpsError):
        return files.start(path, secret_file.ENOUGH).decode("utf-8", "ignore")
    return ""


def _commanded(config: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the commands of a service."""
    hooks = [hook.get("command") for kind in ("pre_start", "post_start", "pre_stop") for hook in config.get(kind) or ()]
    test = (config.get("healthcheck") or {}).get("test")
    native = (config.get("x-ops") or {}).get("native")
    own = native.get("command") if isinstance(native, dict) else None
    for words in (config.get("command"), config.get("entrypoint"), test, own, *hooks):
        yield from embedded.in_command(words)
