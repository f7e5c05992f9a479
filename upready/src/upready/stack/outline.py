"""The names in a stack's compose files, read quickly and without any value: what a shell completes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upready.stack import compose
from upready.stack.selection import Stack
from upready.support import process
from upready.support.errors import UsageError

LONGEST = 5.0
"""Seconds that compose may take; it takes 50 ms, but may have files to fetch, and somebody waits at a prompt."""


@dataclass(frozen=True)
class Outline:
    """The names of services, of the profiles that they are in, and of the links that they name under `x-ops.open`."""

    services: tuple[str, ...]
    profiles: tuple[str, ...]
    links: tuple[str, ...]


def read(stack: Stack) -> Outline:
    """Let compose merge the files, of every profile, as they are written: a variable without a value is no error.

    Only where that fails variables and `.env` are read, too: the path of an `include` may hold one.

    Raises:
        OpsError: Compose refuses the files, or there is no compose program.
        OSError: It cannot be run.
        subprocess.TimeoutExpired: It took too long.
    """
    whole = dataclasses.replace(stack, profiles=("*",))
    line = [*compose.quickest().command, *compose.selecting(whole), "config", "--no-normalize", "--format=json"]
    as_written = ["--no-interpolate", "--no-env-resolution"]
    result = process.run([*line, *as_written], cwd=stack.root, env=compose.NO_FILES, timeout=LONGEST)
    if result.code:
        result = process.run(line, cwd=stack.root, env=stack.variables, timeout=LONGEST)
    if result.code:
        raise UsageError("compose refuses the files", next="invoke config")
    services = {str(name): entry or {} for name, entry in (json.loads(result.stdout).get("services") or {}).items()}
    profiles = [str(profile) for entry in services.values() for profile in entry.get("profiles") or ()]
    links = [str(name) for entry in services.values() for name in _mapping(_mapping(entry, "x-ops"), "open")]
    return Outline(tuple(services), tuple(dict.fromkeys(profiles)), tuple(dict.fromkeys(links)))


def _mapping(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What stands under a key of ours, which compose does not check; nothing where that is no mapping."""
    found = entry.get(key)
    return found if isinstance(found, Mapping) else {}
